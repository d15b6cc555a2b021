/* A thousand handles of each kind, all usable. */
#include <poll.h>
#include <sys/resource.h>
#include "check.h"

#define MANY 1000

int main(void)
{
	static SaImmHandleT handles[MANY];
	static SaImmOiHandleT implementers[MANY];
	static SaImmAccessorHandleT accessors[MANY];
	SaNameT service = name("opensafImm=opensafImm,safApp=safImmService");
	SaImmAttrNameT names[] = {(char *)SA_IMM_ATTR_CLASS_NAME, NULL};
	SaImmAttrValuesT_2 **attributes;
	SaVersionT wanted;
	/* The usual limit of descriptors is enough: handles share connections. */
	struct rlimit usual = {512, 512};
	HOLDS(setrlimit(RLIMIT_NOFILE, &usual) == 0);
	for (int at = 0; at < MANY; at++) {
		char text[40];
		handles[at] = om_handle(18);
		OK(saImmOmAccessorInitialize(handles[at], &accessors[at]));
		wanted = version(18);
		OK(saImmOiInitialize_2(&implementers[at], NULL, &wanted));
		snprintf(text, sizeof(text), "implementer%d", at);
		OK(saImmOiImplementerSet(implementers[at], text));
	}
	for (int at = 0; at < MANY; at++)
		OK(saImmOmAccessorGet_2(accessors[at], &service, names, &attributes));
	for (int at = 0; at < MANY; at++) {
		OK(saImmOmFinalize(handles[at]));
		OK(saImmOiFinalize(implementers[at]));
		IS(saImmOmAccessorFinalize(accessors[at]), SA_AIS_ERR_BAD_HANDLE);
	}
	return 0;
}
