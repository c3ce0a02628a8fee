/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of test_qvm share: a configuration, the VM that is made of it, and ways to run its threads. */
#pragma once

#include "qvm/exits.h"
#include "stub/qvm_kernel.h"
#include "vdev/pl011/serial.h"
#include <errno.h>
#include <libfdt.h>
#include <string.h>

#define RAM            0x80000000ull
#define RAM_SIZE       0x400000ull
#define UART           0x1c090000ull
#define UART_INTERRUPT 37
#define GICD           0x2f000000ull

#define CONFIG_HEAD "system test\nram 0x80000000,4M\nrom 0,64K\n"
#define CONFIG_TAIL                                                      \
	"load ./code.bin\ncmdline \"hello guest\"\ninitrd load initrd\n" \
	"vdev pl011 loc 0x1c090000 intr gic:37 hostdev /dev/console/guest\n"

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

extern uint8_t *window; /* the guest's memory, as qvm has it */

int set_up(void **state);
int tear_down(void **state);

struct start_args make_args(const char *config); /* of a qvm with this configuration and four files */
struct vm_boot build_vm(const char *config);     /* the VM, ready to run; a refusal is a failure */
void script(struct vcpu_run exit);               /* one more exit of the guest */
bool run(unsigned index);                        /* a vCPU, until the VM ends (true) or the vCPU is off */
enum stub_end run_thread(const char *name);      /* until it waits or ends */
struct serial *port(void);                       /* the serial port's instance */

int start_tests(void);
int serial_tests(void);
int exit_tests(void);
int power_tests(void);
