/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the options of a vdev are written down: once, in a file `options.def` in the folder of the vdev.
 *
 *	VDEV_TYPE("counter", 0x1000, VDEV_NEEDS_LOC | VDEV_NEEDS_INTR)
 *	VDEV_OPTION(PERIOD, "period", VDEV_NUMBER(1, 60000))
 *	VDEV_OPTION(MODE, "mode", VDEV_WORD("once:repeat") VDEV_DEFAULT("repeat"))
 *	VDEV_END
 *
 * VDEV_TYPE comes first: the name of the type, the bytes of its registers (whole pages of 4096) and what an instance
 * needs. Then one VDEV_OPTION for each option, 32 at most: its identifier in C, its name in a configuration, and its
 * kind. Addresses and interrupts are no options of its own: `loc` and `intr` say them. A name is a letter and up to 30
 *letters, digits, '-' and '_', and not a word of the configuration language. In front of the kind VDEV_REPEATS or
 *VDEV_REQUIRED may stand, after it VDEV_DEFAULT.
 *
 * <qvm/vdev-describe.h> puts this into the file of the vdev, as text in an ELF note. Whoever reads a configuration (the
 * host tool, procmgr, qvm) checks each value against it, with a message that names the line, before the vdev sees it.
 * An option becomes two strings there, its name and its kind; an empty name ends the list.
 */
#pragma once

/* What an instance needs, and what the file is: `flags` of the note. */
#define VDEV_NOTE_SAFETY  (1u << 0) /* the certified variant; <qvm/vdev-describe.h> sets it */
#define VDEV_NEEDS_LOC    (1u << 1) /* `loc` must be given: the vdev chooses no address by itself */
#define VDEV_NEEDS_INTR   (1u << 2) /* `intr` must be given */
#define VDEV_IS_PCI       (1u << 3) /* without `loc` it is a PCI device, for which there is no support yet */
#define VDEV_NEEDS_SHMEM  (1u << 4) /* it uses the server of shared memory, also where no REGION or PATTERN is given */
#define VDEV_FLAGS_KNOWN  0x1fu
#define VDEV_OPTIONS_MAX  32u
#define VDEV_OPTION_BYTES 32u /* of a name, NUL included */

/* In front of a kind. */
#define VDEV_REPEATS  "*" /* if the option is repeated, all values count; else only the last one */
#define VDEV_REQUIRED "!" /* it must be given */
/* After a kind: the value of an option that is not given. It must be a right one. */
#define VDEV_DEFAULT(value) "=" value

/*
 * Kinds: what a value is. Words are separated by ':'. Numbers are plain ones, as 60000 or 0xffff.
 *
 *	FLAG       none: the option stands alone
 *	NUMBER     a number in that range; NUMBER_OR: or one of these words
 *	BYTES      the same, and K, M or G may follow
 *	WORD       one of these words
 *	BOOLEAN    on, yes, true, 1; off, no, false, 0
 *	TEXT       1 to `most` characters
 *	PATH       [<]PATH, which begins with '/'; '<' says that it is only read
 *	CONSOLE    [<|>]/dev/console/NAME, or -: a console, which the VM then has for itself
 *	REGION     NAME,BYTES: shared memory that is made before the guest starts; the VM must have a pool
 *	PATTERN    of names of shared memory, with * ? [a-z] [!a-z]; the VM must have a pool
 *	PEER       /dev/qvm/VM/NAME: a vdev of a VM of the system
 *	OWN        what the vdev reads by itself; `form` says to an operator what to write, without ':' and '='
 *	LATER      anything; the option is refused as not supported yet
 */
#define VDEV_FLAG                          "f"
#define VDEV_NUMBER(least, most)           "n:" VDEV_TEXT_OF(least) ":" VDEV_TEXT_OF(most)
#define VDEV_NUMBER_OR(least, most, words) VDEV_NUMBER(least, most) ":" words
#define VDEV_BYTES(least, most)            "s:" VDEV_TEXT_OF(least) ":" VDEV_TEXT_OF(most)
#define VDEV_WORD(words)                   "w:" words
#define VDEV_BOOLEAN                       "b"
#define VDEV_TEXT(most)                    "t:" VDEV_TEXT_OF(most)
#define VDEV_PATH                          "p"
#define VDEV_CONSOLE                       "c"
#define VDEV_REGION                        "r"
#define VDEV_PATTERN                       "g"
#define VDEV_PEER                          "e"
#define VDEV_OWN(form)                     "o:" form
#define VDEV_LATER                         "x"

/* The letters of the kinds above, for who reads them. */
enum vdev_kind {
	VDEV_KIND_FLAG = 'f',
	VDEV_KIND_NUMBER = 'n',
	VDEV_KIND_BYTES = 's',
	VDEV_KIND_WORD = 'w',
	VDEV_KIND_BOOLEAN = 'b',
	VDEV_KIND_TEXT = 't',
	VDEV_KIND_PATH = 'p',
	VDEV_KIND_CONSOLE = 'c',
	VDEV_KIND_REGION = 'r',
	VDEV_KIND_PATTERN = 'g',
	VDEV_KIND_PEER = 'e',
	VDEV_KIND_OWN = 'o',
	VDEV_KIND_LATER = 'x',
};

#define VDEV_TEXT_OF_(number) #number
#define VDEV_TEXT_OF(number)  VDEV_TEXT_OF_(number)
