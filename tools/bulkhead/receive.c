/* SPDX-License-Identifier: Apache-2.0 */
#include "receive.h"
#include "message.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define BAUD_DEFAULT "115200"

static volatile sig_atomic_t stopped;

static void stop_receiving(int number)
{
	(void)number;
	stopped = 1;
}

static bool find_speed(const char *baud, speed_t *speed)
{
	static const struct {
		const char *baud;
		speed_t speed;
	} speeds[] = {{"9600", B9600},       {"19200", B19200},     {"38400", B38400},     {"57600", B57600},
		      {"115200", B115200},   {"230400", B230400},   {"460800", B460800},   {"500000", B500000},
		      {"921600", B921600},   {"1000000", B1000000}, {"1500000", B1500000}, {"2000000", B2000000},
		      {"3000000", B3000000}, {"4000000", B4000000}};

	for (unsigned i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		*speed = speeds[i].speed;
		if (strcmp(speeds[i].baud, baud) == 0)
			return true;
	}
	return false;
}

/* 8 bits, no parity, nothing translated, no control lines. */
static int set_port(int fd, const struct arguments *a)
{
	struct termios port;
	speed_t speed;

	if (!isatty(fd)) {
		if (!a->baud)
			return 0;
		message("--baud: %s is no serial port", a->input);
		return -1;
	}
	if (!find_speed(a->baud ? a->baud : BAUD_DEFAULT, &speed)) {
		message("--baud %s: no serial port has this speed; try 115200", a->baud);
		return -1;
	}
	if (tcgetattr(fd, &port) == 0) {
		cfmakeraw(&port);
		cfsetspeed(&port, speed);
		port.c_cflag |= CLOCAL | CREAD;
		port.c_cflag &= ~(tcflag_t)(CRTSCTS | CSTOPB);
		if (tcsetattr(fd, TCSANOW, &port) == 0)
			return 0;
	}
	message("%s: %s", a->input, strerror(errno));
	return -1;
}

/* Takes what --receive names. */
static void choose_files(struct streams *s, const struct arguments *a)
{
	memcpy(s->into, a->receive, sizeof(s->into));
	s->into_count = a->receive_count;
}

/* 0 at the end of the line, or -1 after a message. */
static int read_line(int fd, const char *name, struct streams *s, struct frame_reader *line)
{
	static uint8_t data[65536];

	while (!stopped) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};

		/* A signal may come just before. */
		if (poll(&wait, 1, 200) <= 0)
			continue;
		ssize_t bytes = read(fd, data, sizeof(data));

		if (bytes > 0) {
			streams_take(s, line, data, (size_t)bytes);
		} else if (bytes == 0) {
			return 0;
		} else if (errno != EINTR && errno != EAGAIN) {
			message("%s: %s", name, strerror(errno));
			return -1;
		}
	}
	return 0;
}

int receive_line(const struct arguments *a)
{
	const struct sigaction action = {.sa_handler = stop_receiving};
	struct frame_reader line = {.form = a->console ? FRAME_TEXT : FRAME_BINARY};
	struct streams *s = calloc(1, sizeof(*s));
	int fd = open(a->input, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), status = -1;

	if (!s || fd < 0) {
		message("%s: %s", a->input, strerror(errno));
	} else if (set_port(fd, a) == 0) {
		choose_files(s, a);
		if (s->into_count == 0)
			s->into[s->into_count++] = ".";
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		status = read_line(fd, a->input, s, &line);
		if (streams_finish(s, &line, 1) != 0)
			status = -1;
	}
	if (fd >= 0)
		close(fd);
	free(s);
	return status;
}

int receive_open(struct receive_pipes *pipes, const char *folder)
{
	for (unsigned i = 0; i < RECEIVE_LINES; i++) {
		char *path = pipes->path[i];

		snprintf(path, sizeof(pipes->path[i]), "%s/line%u", folder, i);
		/* The reader comes first: who opens a pipe to write waits for one. */
		pipes->fd[i] = mkfifo(path, 0600) == 0 ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
		if (pipes->fd[i] < 0) {
			message("%s: %s", path, strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* Takes what is there. */
static void read_pipes(const struct receive_pipes *pipes, struct streams *s, struct frame_reader *lines)
{
	static uint8_t data[65536];

	for (unsigned i = 0; i < RECEIVE_LINES; i++) {
		ssize_t bytes;

		while ((bytes = read(pipes->fd[i], data, sizeof(data))) > 0)
			streams_take(s, &lines[i], data, (size_t)bytes);
	}
}

int receive_process(const struct arguments *a, const struct receive_pipes *pipes, pid_t child, int *status)
{
	struct frame_reader lines[RECEIVE_LINES] = {{.form = FRAME_BINARY}, {.form = FRAME_TEXT}};
	struct pollfd waits[RECEIVE_LINES] = {{.fd = pipes->fd[0], .events = POLLIN},
					      {.fd = pipes->fd[1], .events = POLLIN}};
	struct streams *s = calloc(1, sizeof(*s));
	int result;

	if (!s) {
		message("no memory");
		return -1;
	}
	choose_files(s, a);
	while (waitpid(child, status, WNOHANG) == 0) {
		poll(waits, RECEIVE_LINES, 100);
		read_pipes(pipes, s, lines);
	}
	read_pipes(pipes, s, lines);
	result = streams_finish(s, lines, RECEIVE_LINES);
	free(s);
	return result;
}
