/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that check the files of verify_later(), on as many CPUs as there are: nothing else runs yet. Before any of
 * those files is used all must have been checked.
 */
#pragma once

/* Starts them. Each ends when no file is left. */
void hash_begin(void);

/* Waits for them, and says each second how far they are. Returns how many files are not the signed ones. */
unsigned hash_wait(void);
