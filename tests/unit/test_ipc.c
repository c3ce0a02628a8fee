/* SPDX-License-Identifier: Apache-2.0 */
/* SOURCES: tests/unit/machine.c kernel/arch/host kernel/boot/first.c kernel/mm/space.c kernel/object */
/* SOURCES: kernel/boot/ranges.c kernel/sched tests/unit/ipc */
/* CFLAGS: -iquote kernel/include -Dsched_yield=kernel_sched_yield */
/* Messages and pulses, through the kernel's door: in every order, and with everything that can come between. */
#include "ipc/ipc.h"

struct thread *srv, *cli;
uint64_t chid, coid;

void both(uint32_t srv_cpus, uint32_t cli_cpus, unsigned srv_prio, unsigned cli_prio, unsigned flags)
{
	srv = machine_process(SRV, srv_prio, srv_cpus, ABLE_PUBLIC, false);
	cli = machine_process(CLI, cli_prio, cli_cpus, ABLE_PUBLIC, false);
	chid = (uint64_t)sys_ChannelCreate(srv, flags);
	assert_true((int64_t)chid > 0);
	coid = (uint64_t)sys_ConnectAttach(cli, SRV, chid, 0);
	assert_true((int64_t)coid > 0);
}

static uint64_t objects(void)
{
	struct system_info info;

	assert_int_equal(sys_SystemInfo(procmgr, procmgr_page), 0);
	machine_read(&processes[0], procmgr_page, &info, sizeof(info));
	return info.objects;
}

int setup(void **state)
{
	machine_boot(4);
	*state = (void *)objects();
	return 0;
}

/* Whatever a test left, the ends of its processes take away. */
int teardown(void **state)
{
	host_each_hold(NULL);
	host_lock_wanted(false);
	machine_check(true);
	machine_clear();
	machine_check(true);
	assert_int_equal(objects(), (uint64_t)*state);
	return 0;
}

void fill_pattern(uint8_t *at, uint64_t bytes, unsigned seed)
{
	for (uint64_t i = 0; i < bytes; i++)
		at[i] = (uint8_t)(i * 7 + i / 256 + seed);
}

uint8_t pattern[MEM_BYTES], buffer[MEM_BYTES];

/* A message of which the first words are in registers and all is at `va`. */
const uint64_t *message(struct process *p, uint64_t va, uint64_t bytes, unsigned seed)
{
	static uint64_t words[4];

	fill_pattern(pattern, bytes < 32 ? 32 : bytes, seed);
	memcpy(words, pattern, sizeof(words));
	if (bytes)
		machine_write(p, va, pattern, bytes);
	return words;
}

void expect(struct thread *t, uint64_t va, uint64_t bytes)
{
	assert_memory_equal(call_words(&t->frame), pattern, bytes < 32 ? bytes : 32);
	if (bytes > 32) {
		machine_read(t->process, va, buffer, bytes);
		assert_memory_equal(buffer + 32, pattern + 32, bytes - 32);
	}
}

struct thread *urgent;

/* A thread on CPU 0 that an interrupt wakes, and that everything else there waits for. */
void urgent_start(void)
{
	urgent = machine_process(OTHER, 150, 1, 0, false);
	/* Only a process that is not started yet can be given interrupts. */
	processes[OTHER].regions[REGION_IRQS].start = SPI;
	processes[OTHER].regions[REGION_IRQS].bytes = 1;
	assert_int_equal(sys_ChannelCreate(urgent, CHF_PRIVATE), 1);
	assert_int_equal(sys_InterruptAttachEvent(urgent, SPI, 1, 0, 0, 0), 1);
	assert_true(host_is_enabled(SPI));
	assert_int_equal(sys_MsgReceive(urgent, 1, 0, 0), BLOCKED);
}

void urgent_again(void)
{
	assert_int_equal(sys_InterruptUnmask(urgent, 1), 0);
	assert_int_equal(sys_MsgReceive(urgent, 1, 0, 0), BLOCKED);
}

/* The server on the urgent thread's CPU, the client on another; threads of theirs may be anywhere. */
void pinned(unsigned flags)
{
	both(1, 2, 20, 20, flags);
	urgent_start();
	processes[SRV].params.runmask = processes[CLI].params.runmask = ALL;
}

int main(void)
{
	return message_tests() + direct_tests() + copy_tests() + pulse_tests() + end_tests() + random_tests();
}
