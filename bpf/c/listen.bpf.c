// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The first listen(2) of a container: a server is then ready to be connected
 * to. On any socket: of TCP, of Unix, of vsock. Not seen: a listen by io_uring
 * (6.11), one of a 32-bit program on a 64-bit kernel, and a server without
 * listen (UDP), or on a socket that it was handed.
 */

#include "container.h"
#include "entry.h"
#include "record.h"

static __always_inline void listens(void)
{
	struct event_header *e;

	if (!container_listens())
		return;
	e = reserve(sizeof(*e), EVENT_LISTEN);
	if (!e)
		return;
	fill_header(e, EVENT_LISTEN, NULL);
	SUBMIT(e);
}

static __always_inline int listened(long ret)
{
	if (!ret)
		TURN(EVENT_LISTEN, listens());
	return 0;
}

SYSCALL_EXIT(listen, listened)
