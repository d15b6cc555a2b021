/* Prints the nanoseconds that one saImmOmAccessorGet_2 takes, the least of several rounds: `bench CALLS`. */
#include <time.h>
#include "check.h"

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int count, char **arguments)
{
	HOLDS(count == 2);
	long calls = atol(arguments[1]);
	SaNameT service = name("opensafImm=opensafImm,safApp=safImmService");
	SaImmAttrValuesT_2 **attributes;
	SaImmAccessorHandleT accessor;
	SaImmHandleT om = om_handle(18);
	double least = 1e18;
	OK(saImmOmAccessorInitialize(om, &accessor));
	for (int round = 0; round < 7; round++) {
		double begin = now();
		for (long at = 0; at < calls; at++)
			OK(saImmOmAccessorGet_2(accessor, &service, NULL, &attributes));
		double each = (now() - begin) / (double)calls;
		least = each < least ? each : least;
	}
	printf("%.0f\n", least);
	OK(saImmOmFinalize(om));
	return 0;
}
