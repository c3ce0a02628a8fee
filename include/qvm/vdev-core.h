/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How to write a virtual device (vdev). It is a shared object `vdev-NAME.so`, or `vdev-NAME-safety.so` for a variant
 * that is certified, which qvm loads once for each VM whose configuration says `vdev NAME`, however many instances it
 * has. A constructor registers a struct vdev_factory; qvm makes an instance for each `vdev NAME` of the configuration
 * and tells it through the control function what happens to the VM.
 *
 * The object may call what include/qvm/exports.def lists, and nothing else: there is no dynamic linking but that. It
 * has no thread-local storage, hence no errno. docs/vdevs.md is the guide, examples/vdev-template a vdev to begin with.
 *
 * Threads: until VDEV_CTRL_GUEST_CONFIGURED one thread calls everything. From then on accesses come from the threads of
 * the virtual CPUs, several at once; `pulse` and `timer` from one thread that all vdevs of the VM share; STATUS, BUTTON
 * and TERMINATE from others, while accesses, `pulse` and `timer` may go on. What they share in an instance is the
 * vdev's to protect, with v_mtx or its own means. The stacks of these threads have 16 KiB and nothing below them that
 * would stop an overflow: a call-back uses 8 KiB at most.
 *
 * Functions that return int return 0 or above, or a negative errno value, unless they say otherwise.
 */
#pragma once

#include <bulkhead/thread.h>
#include <qvm/types.h>
#include <stdarg.h>

/* Changes when a structure or a call-back of these headers does. A vdev that was built for another one is refused. */
#define QVM_VDEV_ABI 2u

struct vdev_factory;

/* An instance. The vdev may change v_block and v_intr until VDEV_CTRL_ASSIGN has returned, and v_sched until
 * GUEST_CONFIGURED. */
typedef struct vdev_s {
	void
	    *v_device; /* extra_space bytes of the vdev's own, zero at first, aligned to 16; null if extra_space is 0 */
	const struct vdev_factory *v_factory;
	struct qvm_state_block v_block; /* `loc`: where the guest finds it */
	guest_intr_t v_intr;            /* the first `intr`, or GUEST_INTR_NONE */
	guest_intr_t v_intr_more[3];    /* the others */
	struct mutex v_mtx;             /* ready for use if the factory says VFF_MUTEX */
	unsigned v_sched;               /* priority of its threads, 1 to 254; 0: as qvm's first thread */
	const char *v_name;             /* of the instance: `name`, or the name of the type */
} vdev_t;

/* What a control function is told, in this order. Numbers of the options follow VDEV_CTRL_FIRST_OPTIDX. */
typedef enum {
	VDEV_CTRL_OPTIONS_START = 0, /* the instance is there, its options follow; loc, intr and name are known */
	VDEV_CTRL_OPTIONS_END = 1,   /* there are no more options */
	VDEV_CTRL_ASSIGN = 8,  /* the whole configuration is read: choose v_block and v_intr if they are missing */
	VDEV_CTRL_GEN_FDT = 6, /* describe yourself to the guest: <qvm/vdev-fdt.h>. `arg` is the parent node's number */
	/* The VM is complete. From here on: threads, timers, pulses, interrupts. Not sent in a `dryrun`. */
	VDEV_CTRL_GUEST_CONFIGURED = 2,
	VDEV_CTRL_GUEST_STARTING = 9, /* the guest's first instruction comes next */
	VDEV_CTRL_STATUS = 4,         /* SIGUSR1: log the state, with QL_QVM_INFO */
	VDEV_CTRL_BUTTON = 7,         /* SIGTERM, SIGINT: press the guest's power button (only with VFF_BUTTON) */
	/* The VM ends, or could not start: quiesce the hardware, flush what is left. Sent once to each instance that
	 * was told OPTIONS_START, whatever it has answered and however far it came; not if its qvm is killed, faults,
	 * or is ended before its guest has begun. */
	VDEV_CTRL_TERMINATE = 3,
	VDEV_CTRL_BOOTUP = VDEV_CTRL_GUEST_CONFIGURED,
	/* + i: option i of the vdev's description was given (OPTION_ID), or has a default; `arg` is its value, which
	 * has been checked and stays as long as the VM; null for VDEV_FLAG. An option that is repeated comes once, with
	 * what was written last, unless it is VDEV_REPEATS. */
	VDEV_CTRL_FIRST_OPTIDX = 0x100,
} vdev_ctrl_options_t;

enum vdev_factory_flags {
	VFF_NONE = 0,
	VFF_VDEV_MEM = 1 << 0, /* instances lie in memory: v_block starts as QST_MEMORY. There is no other kind yet */
	VFF_INTR_NONPCI = 1 << 1, /* an instance without `intr` is a mistake, unless ASSIGN chooses one */
	VFF_MUTEX = 1 << 2,       /* initialise v_mtx */
	VFF_BUTTON = 1 << 3,      /* control() answers VDEV_CTRL_BUTTON: 0 if the guest was told */
};

/* Values of `safety`. */
#define VDEV_SAFETY_NONE     0u
#define VDEV_SAFETY_SELECTED 1u /* safety-certified; must be what the note says: VDEV_SAFETY_BUILT */

/*
 * One for each type of device. It must stay where it is, and qvm writes to `next` and, if it is null, to `name`. Null
 * members do not exist for qvm.
 */
struct vdev_factory {
	struct vdev_factory *next;

	/*
	 * Mandatory. Returns 0, or a positive errno value: before the guest runs, the VM is then refused with a message
	 * that names the line of the configuration (log the reason with vdev_logf, which has that line in front); from
	 * GUEST_STARTING on, the VM ends with exit code 6. The result of STATUS and TERMINATE does not count.
	 */
	int (*control)(vdev_t *vdp, vdev_ctrl_options_t ctrl, const char *arg);

	/*
	 * An access of the guest to its registers. `vopnd` is the place in the device: location = offset from the start
	 * of v_block, length = bytes. All of them lie in v_block, but the offset need not be a multiple of the length.
	 * `oopnd` stands for the register of the virtual CPU: vread stores there with guest_cpu_write(), vwrite fetches
	 * with guest_cpu_read(). `cookie` is 0. An access of a size that acc_sizes does not have, or for which there is
	 * no call-back, is left to `unsupported reference`.
	 */
	vdev_ref_status_t (*vread)(vdev_t *vdp, unsigned cookie, const struct qvm_state_block *vopnd,
				   const struct qvm_state_block *oopnd, struct guest_cpu *gcp);
	vdev_ref_status_t (*vwrite)(vdev_t *vdp, unsigned cookie, const struct qvm_state_block *vopnd,
				    const struct qvm_state_block *oopnd, struct guest_cpu *gcp);

	/*
	 * The same with the value in a register, for devices that count instructions; where they are given, vread and
	 * vwrite are not used. `cpu` is the index of the virtual CPU, `size` 1, 2, 4 or 8. A written `value` has no
	 * bits beyond `size`, of one that is read they do not count. reg_write returns false as VRS_BUS_ERROR.
	 */
	struct vdev_value (*reg_read)(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size);
	bool (*reg_write)(vdev_t *vdp, unsigned cpu, uint64_t offset, unsigned size, uint64_t value);

	/* A pulse that vdev_pulse() announced has come. */
	void (*pulse)(vdev_t *vdp, int code, uint32_t value);
	/* The time that was given to guest_timer_notify() has come. */
	void (*timer)(vdev_t *vdp);

	const void *pic; /* operations of an interrupt controller: not supported, must be null */

	const char *name;       /* null: NAME of the file's name */
	unsigned factory_flags; /* enum vdev_factory_flags */
	uint32_t acc_sizes;     /* bit n: accesses of n bytes; n is 1, 2, 4 or 8 */
	size_t extra_space;     /* bytes of v_device; at most 1 MiB */
	unsigned safety;        /* VDEV_SAFETY_* */
};

/*
 * Registers a type; call it in a constructor, with QVM_VDEV_ABI. 0, or an errno value when the factory is not as above.
 * qvm then refuses the file, whatever the constructor does with the result.
 */
int vdev_register_factory(struct vdev_factory *factory, unsigned abi);

/* The type of the note that describes a vdev's file: <qvm/vdev-describe.h>. */
#define VDEV_NOTE_TYPE 1u

/* Levels of the log, as the filters of `logger`. */
enum vdev_log_level {
	QL_QVM_FATAL,
	QL_QVM_INTERNAL,
	QL_QVM_ERROR,
	QL_QVM_WARNING,
	QL_QVM_INFO,
	QL_QVM_DEBUG,
	QL_QVM_VERBOSE,
};

/* The value of an option of the kind VDEV_NUMBER or VDEV_BYTES. 0: it is no number, as a word of VDEV_NUMBER_OR. */
uint64_t vdev_number(const char *text);
/* The value of one that is VDEV_BOOLEAN. */
bool vdev_boolean(const char *text);

/*
 * A line of the log, without a newline, at most 200 characters; the instance's name stands in front, and until the
 * guest runs the line of the configuration. May block until the log has room. `vdp` may be null.
 */
void vdev_logf(enum vdev_log_level level, const vdev_t *vdp, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Before anything that waits for another process while the VM starts: the operator is told what, if it takes long, and
 * the VM is refused if it does not come. */
void vm_awaits(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A thread for the instance, from GUEST_CONFIGURED on: entry(arg) on a stack of `stack_bytes`, at least 8192; 0 means
 * that. Its name is that of the instance, a blank and `name`, cut off at 15 characters. Its priority is v_sched.
 * Returns its number; -EINVAL: it is too early, or v_sched is above the VM's `max-priority`; -ENOMEM. It must
 * not return before TERMINATE; it ends with the process.
 */
int vdev_thread_create(vdev_t *vdp, void (*entry)(void *arg), void *arg, size_t stack_bytes, const char *name);

/* A pulse that reaches `pulse` of the factory: fill it in once, send it from any thread. */
struct vdev_event {
	int32_t connection, priority;
	uint32_t code, value;
};

/*
 * Announces a pulse, after OPTIONS_START: `code` comes back in `pulse`. `priority` 1 to 254, or 0 for v_sched.
 * -EINVAL: the factory has no `pulse`.
 */
int vdev_pulse(vdev_t *vdp, int code, int priority, struct vdev_event *event);
/* Sends it, from GUEST_CONFIGURED on; never blocks. -EAGAIN: 16 of the VM's are waiting already. */
int vdev_event_send(const struct vdev_event *event, uint32_t value);
