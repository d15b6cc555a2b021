/* Each kind of call many times over: `leak TIMES`. What is allocated afterwards is what was allocated before. All
 * allocations of the process go through the functions below. */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include "check.h"

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

static SaImmHandleT om;
static SaImmAdminOwnerHandleT owner;
static SaImmCcbHandleT ccb;
static SaImmAccessorHandleT accessor;
static SaImmOiHandleT oi;

static void on_operation(SaImmOiHandleT handle, SaInvocationT invocation, const SaNameT *object,
			 SaImmAdminOperationIdT operation, const SaImmAdminOperationParamsT_2 **params)
{
	(void)object, (void)operation;
	OK(saImmOiAdminOperationResult_o2(handle, invocation, SA_AIS_OK, params));
}

static int answers;
static void on_invoked(SaInvocationT invocation, SaAisErrorT returned, SaAisErrorT error,
		       const SaImmAdminOperationParamsT_2 **params)
{
	(void)invocation, (void)params;
	HOLDS(returned == SA_AIS_OK && error == SA_AIS_OK);
	answers++;
}

static void handles(void)
{
	SaImmHandleT handle = om_handle(18);
	SaImmAccessorHandleT made;
	SaImmSearchHandleT search;
	SaImmAdminOwnerHandleT other = owner_handle(handle, "other");
	ccb_handle(other);
	OK(saImmOmAccessorInitialize(handle, &made));
	OK(saImmOmSearchInitialize_2(handle, NULL, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_ALL_ATTR, NULL, NULL, &search));
	OK(saImmOmFinalize(handle));
}

static void implementers(void)
{
	SaImmOiHandleT handle;
	SaVersionT wanted = version(18);
	SaSelectionObjectT selection;
	OK(saImmOiInitialize_2(&handle, NULL, &wanted));
	OK(saImmOiSelectionObjectGet(handle, &selection));
	OK(saImmOiImplementerSet(handle, (char *)"passing"));
	OK(saImmOiFinalize(handle));
}

static void reads(void)
{
	SaNameT root = name(ROOT);
	SaImmAttrValuesT_2 **attributes;
	SaImmAttrNameT nope[] = {(char *)"nope", NULL};
	OK(saImmOmAccessorGet_2(accessor, &root, NULL, &attributes));
	OK(saImmOmAccessorGet_o3(accessor, ROOT, NULL, &attributes));
	IS(saImmOmAccessorGet_2(accessor, &root, nope, &attributes), SA_AIS_ERR_NOT_EXIST);
}

static void searches(void)
{
	SaImmSearchHandleT search;
	SaImmAttrValuesT_2 **attributes;
	SaNameT found;
	OK(saImmOmSearchInitialize_2(om, NULL, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_ALL_ATTR, NULL, NULL, &search));
	while (saImmOmSearchNext_2(search, &found, &attributes) == SA_AIS_OK)
		;
	OK(saImmOmSearchFinalize(search));
}

static void classes(void)
{
	SaImmClassCategoryT category;
	SaImmAttrDefinitionT_2 **definitions;
	OK(saImmOmClassDescriptionGet_2(om, (char *)CONFIG_CLASS, &category, &definitions));
	OK(saImmOmClassDescriptionMemoryFree_2(om, definitions));
}

static void bundles(void)
{
	const SaStringT *strings;
	OK(add_item(ccb, "item=leak", ROOT, 1));
	OK(set_weight(ccb, "item=leak," ROOT, 2));
	OK(saImmOmCcbApply(ccb));
	OK(remove_item(ccb, "item=leak," ROOT));
	OK(saImmOmCcbApply(ccb));
	IS(set_weight(ccb, "item=none", 2), SA_AIS_ERR_NOT_EXIST);
	OK(saImmOmCcbGetErrorStrings(ccb, &strings));
	OK(saImmOmCcbAbort(ccb));
}

static void owning(void)
{
	SaNameT root = name(ROOT);
	const SaNameT *roots[] = {&root, NULL};
	OK(saImmOmAdminOwnerRelease(owner, roots, SA_IMM_SUBTREE));
	OK(saImmOmAdminOwnerSet(owner, roots, SA_IMM_SUBTREE));
}

static void operations(void)
{
	static SaImmHandleT handle;
	static SaImmAdminOwnerHandleT async;
	static SaSelectionObjectT om_fd, oi_fd;
	SaNameT root = name(ROOT);
	SaStringT hello = (char *)"hello";
	SaImmAdminOperationParamsT_2 text = {(char *)"text", SA_IMM_ATTR_SASTRINGT, &hello};
	const SaImmAdminOperationParamsT_2 *texts[] = {&text, NULL};
	SaImmCallbacksT_o2 back = {on_invoked};
	SaVersionT wanted = version(18);
	if (!handle) {
		OK(saImmOmInitialize_o2(&handle, &back, &wanted));
		async = owner_handle(handle, "checker");
		OK(saImmOmSelectionObjectGet(handle, &om_fd));
		OK(saImmOiSelectionObjectGet(oi, &oi_fd));
	}
	int before = answers;
	OK(saImmOmAdminOperationInvokeAsync_2(async, 1, &root, 0, 1, texts));
	while (answers == before) {
		struct pollfd readable[] = {{(int)om_fd, POLLIN, 0}, {(int)oi_fd, POLLIN, 0}};
		HOLDS(poll(readable, 2, 30000) > 0);
		OK(saImmOiDispatch(oi, SA_DISPATCH_ALL));
		OK(saImmOmDispatch(handle, SA_DISPATCH_ALL));
	}
}

static void runtime(void)
{
	SaUint32T number = 3;
	SaStringT rdn = (char *)"event=1";
	SaImmAttrValueT rdns[] = {&rdn}, numbers[] = {&number};
	SaImmAttrValuesT_2 by_name = {(char *)"event", SA_IMM_ATTR_SASTRINGT, 1, rdns};
	SaImmAttrValuesT_2 count = {(char *)"count", SA_IMM_ATTR_SAUINT32T, 1, numbers};
	const SaImmAttrValuesT_2 *attributes[] = {&by_name, &count, NULL};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE, count};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	SaNameT event = name("event=1");
	OK(saImmOiRtObjectCreate_2(oi, (char *)RUNTIME_CLASS, NULL, attributes));
	OK(saImmOiRtObjectUpdate_2(oi, &event, changes));
	OK(saImmOiRtObjectDelete(oi, &event));
}

int main(int count, char **arguments)
{
	HOLDS(count == 2);
	long times = atol(arguments[1]);
	SaImmOiCallbacksT_2 callbacks = {.saImmOiAdminOperationCallback = on_operation};
	SaVersionT wanted = version(18);
	SaNameT root = name(ROOT);
	struct { const char *name; void (*run)(void); } kinds[] = {
		{"handles", handles},   {"implementers", implementers}, {"reads", reads},     {"searches", searches},
		{"classes", classes},   {"bundles", bundles},           {"owning", owning}, {"operations", operations},
		{"runtime", runtime},
	};
	om = om_handle(18);
	create_classes(om);
	owner = owner_handle(om, "checker");
	ccb = ccb_handle(owner);
	OK(add_item(ccb, ROOT, NULL, 7));
	OK(saImmOmCcbApply(ccb));
	OK(saImmOmAccessorInitialize(om, &accessor));
	OK(saImmOiInitialize_2(&oi, &callbacks, &wanted));
	OK(saImmOiImplementerSet(oi, (char *)"leak"));
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		if (kinds[kind].run == operations)
			OK(saImmOiObjectImplementerSet(oi, &root, SA_IMM_ONE));
		/* Tables grow to their size first. */
		for (long at = 0; at < 60; at++)
			kinds[kind].run();
		poll(NULL, 0, 100);
		long before = live;
		for (long at = 0; at < times; at++)
			kinds[kind].run();
		poll(NULL, 0, 100);
		long left = live - before;
		printf("%-13s %ld times: %ld allocations more\n", kinds[kind].name, times, left);
		/* A table may have grown once more, and a queue may have a chunk more. */
		HOLDS(left < 60);
	}
	return 0;
}
