// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The first listen(2) of a container, on any socket (TCP, Unix, vsock): from
 * then on clients can connect to its server. Not seen: a listen by io_uring
 * (6.11) or by a 32-bit program on a 64-bit kernel, and a server that does not
 * call listen (UDP, or a socket that was passed to it).
 */

#include "container.h"
#include "entry.h"
#include "record.h"

static __noinline int listen_exit_slow(void)
{
	struct event_header *e;

	if (!container_listens())
		return 0;
	e = reserve(sizeof(*e), EVENT_LISTEN, origin_of(current_task()));
	if (!e)
		return 0;
	fill_header(e, EVENT_LISTEN, NULL);
	SUBMIT(e);
	return 0;
}

static __always_inline int listen_exit(long ret)
{
	return ret ? 0 : listen_exit_slow();
}

SYSCALL_EXIT(listen, EVENT_LISTEN, listen_exit)
