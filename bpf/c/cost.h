/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What threads and processes have cost.
 *
 * The kernel adds to se.sum_exec_runtime at every tick, context switch and
 * wakeup on that CPU (update_curr, kernel/sched/fair.c), and offers BPF nothing
 * that makes it do so now. The time on a CPU of the thread that runs, and each
 * thread's at its exit, may thus lack the last tick: up to 1/CONFIG_HZ, 1 to
 * 10 ms, and a second on a CPU of nohz_full. It never goes back, and waits are
 * counted when they end: they lack nothing.
 */
#ifndef COST_H
#define COST_H

#include "compat.h"
#include "event.h"

static __always_inline void cost_of(struct task_struct *task, struct event_cost *cost)
{
	cost->cpu = READ(task, se.sum_exec_runtime);
	cost->queue = run_delay(task);
	cost->io = blkio_delay(task);
}

/* What the threads of a process that are gone have cost. */
struct ended {
	__s64 cpu;
	__s64 queue;
	__s64 io;
	__u64 io_unknown; /* of one of them */
};

/* Moves a thread's cost to that of those that are gone: others may do so too. */
static __always_inline void cost_end(struct ended *ended, struct event_cost *cost)
{
	__sync_fetch_and_add(&ended->cpu, cost->cpu);
	cost->cpu = 0;
	if (cost->queue >= 0) {
		__sync_fetch_and_add(&ended->queue, cost->queue);
		cost->queue = 0;
	}
	if (cost->io >= 0) {
		__sync_fetch_and_add(&ended->io, cost->io);
		cost->io = 0;
	} else {
		ended->io_unknown = 1;
	}
}

/* Makes a thread's cost that of its process, in which no other lives. */
static __always_inline void cost_whole(struct event_cost *cost, struct ended *ended)
{
	cost->cpu += ended->cpu;
	if (cost->queue >= 0)
		cost->queue += ended->queue;
	if (ended->io_unknown)
		cost->io = -1;
	else if (cost->io >= 0)
		cost->io += ended->io;
}

#endif
