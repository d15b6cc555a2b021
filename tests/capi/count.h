/* Counts what is allocated: all allocations of the process, those of the libraries too, go through the functions below.
 * Each kind of call is made many times over; afterwards as much is allocated as before.
 *
 * A program is called with how often each call is made and, to see that the check can fail, with the name of a kind that is
 * run alone and in which a small block is lost on purpose each time. */
#ifndef COUNT_H
#define COUNT_H

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *old);

static atomic_long live;

static void *counted(void *made)
{
	if (made)
		live++;
	return made;
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size)); }
void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }
int posix_memalign(void **place, size_t alignment, size_t size)
{
	void *made = counted(__libc_memalign(alignment, size));
	if (!made)
		return ENOMEM;
	*place = made;
	return 0;
}
void *realloc(void *old, size_t size)
{
	if (!old)
		return malloc(size);
	return __libc_realloc(old, size);
}
void free(void *old)
{
	if (old)
		live--;
	__libc_free(old);
}

/* A kind of call. */
struct kind {
	const char *name;
	void (*run)(void);
};

/* Tables grow to their size first. */
#define WARM_UP 40
/* A table may have grown once more, and a queue may have a chunk more. */
#define LEFT_MAX 60

/* What the libraries' threads still have to do is done when nothing changes any more. */
static long settled(void)
{
	long seen = live;
	for (int quiet = 0, rounds = 0; quiet < 3 && rounds < 100; rounds++) {
		poll(NULL, 0, 3);
		long now = live;
		quiet = now == seen ? quiet + 1 : 0;
		seen = now;
	}
	return seen;
}

static long resident_kib(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");
	if (file && fscanf(file, "%*s %ld", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * 4;
}

/* Runs each kind so often; 0 where nothing is left behind. */
static int leaks_nothing(const struct kind *kinds, size_t count, int argc, char **argv)
{
	static void *volatile lost;
	long times = argc > 1 ? atol(argv[1]) : 120;
	const char *leaky = argc > 2 ? argv[2] : "";
	int failures = 0;
	for (size_t kind = 0; kind < count; kind++) {
		int is_leaky = !strcmp(kinds[kind].name, leaky);
		if (*leaky && !is_leaky)
			continue;
		for (long at = 0; at < WARM_UP; at++)
			kinds[kind].run();
		long before = settled();
		for (long at = 0; at < times; at++) {
			kinds[kind].run();
			if (is_leaky)
				lost = malloc(24);
		}
		long left = settled() - before;
		int leaks = left >= LEFT_MAX;
		printf("%-44s %7ld times: %6ld allocations more, %6ld KiB resident%s\n", kinds[kind].name, times, left,
		       resident_kib(), leaks ? "  LEAKS" : "");
		fflush(stdout);
		failures += leaks;
	}
	(void)lost;
	return failures ? 1 : 0;
}

#endif
