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

static __noinline int listened(void)
{
	struct event_header *e;

	if (!container_listens())
		return 0;
	e = reserve(sizeof(*e), EVENT_LISTEN);
	if (!e)
		return 0;
	fill_header(e, EVENT_LISTEN, NULL);
	SUBMIT(e);
	return 0;
}

static __always_inline int listen_exit(long ret)
{
	return ret ? 0 : listened();
}

SYSCALL_EXIT(listen, EVENT_LISTEN, listen_exit)
