/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * CPU time and delays of threads and processes.
 *
 * The kernel adds to se.sum_exec_runtime at every tick, context switch and
 * wakeup on that CPU (update_curr, kernel/sched/fair.c), and BPF cannot make it
 * do so earlier. The CPU time of the thread that runs, and of each thread at
 * its exit, may thus lack the last tick: up to 1/CONFIG_HZ, which is 1 to
 * 10 ms, and a second on a nohz_full CPU. It never goes back. Delays are added
 * when they end: they lack nothing.
 */
#ifndef COST_H
#define COST_H

#include "compat.h"
#include "event.h"

static __always_inline void read_cost(struct task_struct *task, struct event_cost *cost)
{
	cost->cpu = READ(task, se.sum_exec_runtime);
	cost->run_delay = run_delay_of(task);
	cost->block_io_delay = block_io_delay_of(task);
}

/* The cost of those threads of a process that have exited. */
struct exited_cost {
	__s64 cpu;
	__s64 run_delay;
	__s64 block_io_delay;
	__u64 block_io_unknown; /* that of at least one thread */
};

/* Moves a thread's cost to that of the exited ones; other threads may do so at the same time. */
static __always_inline void move_cost(struct exited_cost *exited, struct event_cost *cost)
{
	__sync_fetch_and_add(&exited->cpu, cost->cpu);
	cost->cpu = 0;
	if (cost->run_delay >= 0) {
		__sync_fetch_and_add(&exited->run_delay, cost->run_delay);
		cost->run_delay = 0;
	}
	if (cost->block_io_delay >= 0) {
		__sync_fetch_and_add(&exited->block_io_delay, cost->block_io_delay);
		cost->block_io_delay = 0;
	} else {
		exited->block_io_unknown = 1;
	}
}

/* Makes the cost of the only thread that is left that of its process. */
static __always_inline void add_exited_cost(struct event_cost *cost, struct exited_cost *exited)
{
	cost->cpu += exited->cpu;
	if (cost->run_delay >= 0)
		cost->run_delay += exited->run_delay;
	if (exited->block_io_unknown)
		cost->block_io_delay = -1;
	else if (cost->block_io_delay >= 0)
		cost->block_io_delay += exited->block_io_delay;
}

#endif
