/* What the test programs share. A check that fails prints its line and ends the program with 1. */
#ifndef CHECK_H
#define CHECK_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <saImmOm.h>
#include <saImmOi.h>

#define IS(call, wanted)                                                                       \
	do {                                                                                   \
		SaAisErrorT got_ = (call);                                                     \
		if (got_ != (wanted)) {                                                        \
			fprintf(stderr, "%s:%d: %s gives %d, not %s\n", __FILE__, __LINE__, #call, \
				(int)got_, #wanted);                                           \
			exit(1);                                                               \
		}                                                                              \
	} while (0)
#define OK(call) IS(call, SA_AIS_OK)
#define HOLDS(what)                                                                       \
	do {                                                                              \
		if (!(what)) {                                                            \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
			exit(1);                                                          \
		}                                                                         \
	} while (0)

#define CONFIG_CLASS "CapiItem"
#define RUNTIME_CLASS "CapiEvent"
#define ROOT "item=root"

static inline SaVersionT version(int minor)
{
	SaVersionT version = {'A', 2, (SaUint8T)minor};
	return version;
}

static inline SaNameT name(const char *text)
{
	SaNameT name;
	memset(&name, 0, sizeof(name));
	name.length = (SaUint16T)strlen(text);
	memcpy(name.value, text, name.length);
	return name;
}

static inline SaImmHandleT om_handle(int minor)
{
	SaImmHandleT handle = 0;
	SaVersionT wanted = version(minor);
	OK(saImmOmInitialize(&handle, NULL, &wanted));
	return handle;
}

static inline SaImmAdminOwnerHandleT owner_handle(SaImmHandleT om, const char *name)
{
	SaImmAdminOwnerHandleT owner = 0;
	OK(saImmOmAdminOwnerInitialize(om, (SaImmAdminOwnerNameT)name, SA_TRUE, &owner));
	return owner;
}

static inline SaImmCcbHandleT ccb_handle(SaImmAdminOwnerHandleT owner)
{
	SaImmCcbHandleT ccb = 0;
	OK(saImmOmCcbInitialize(owner, 0, &ccb));
	return ccb;
}

/* The classes that the programs use; they may be there already. */
static inline void create_classes(SaImmHandleT om)
{
	SaUint64T config = SA_IMM_ATTR_CONFIG, writable = SA_IMM_ATTR_CONFIG | SA_IMM_ATTR_WRITABLE;
	SaUint64T cached = SA_IMM_ATTR_RUNTIME | SA_IMM_ATTR_CACHED;
	SaImmAttrDefinitionT_2 item = {(char *)"item", SA_IMM_ATTR_SASTRINGT, config | SA_IMM_ATTR_RDN, NULL};
	SaImmAttrDefinitionT_2 weight = {(char *)"weight", SA_IMM_ATTR_SAUINT32T, writable, NULL};
	SaImmAttrDefinitionT_2 note = {(char *)"note", SA_IMM_ATTR_SASTRINGT, writable, NULL};
	SaImmAttrDefinitionT_2 tags = {(char *)"tags", SA_IMM_ATTR_SASTRINGT, writable | SA_IMM_ATTR_MULTI_VALUE,
				       NULL};
	SaImmAttrDefinitionT_2 link = {(char *)"link", SA_IMM_ATTR_SANAMET, writable | SA_IMM_ATTR_NO_DANGLING, NULL};
	SaImmAttrDefinitionT_2 i32 = {(char *)"i32", SA_IMM_ATTR_SAINT32T, writable, NULL};
	SaImmAttrDefinitionT_2 i64 = {(char *)"i64", SA_IMM_ATTR_SAINT64T, writable, NULL};
	SaImmAttrDefinitionT_2 u64 = {(char *)"u64", SA_IMM_ATTR_SAUINT64T, writable, NULL};
	SaImmAttrDefinitionT_2 when = {(char *)"when", SA_IMM_ATTR_SATIMET, writable, NULL};
	SaImmAttrDefinitionT_2 f32 = {(char *)"f32", SA_IMM_ATTR_SAFLOATT, writable, NULL};
	SaImmAttrDefinitionT_2 f64 = {(char *)"f64", SA_IMM_ATTR_SADOUBLET, writable, NULL};
	SaImmAttrDefinitionT_2 any = {(char *)"any", SA_IMM_ATTR_SAANYT, writable, NULL};
	SaImmAttrDefinitionT_2 state = {(char *)"state", SA_IMM_ATTR_SAUINT32T, cached, NULL};
	SaImmAttrDefinitionT_2 live = {(char *)"live", SA_IMM_ATTR_SAUINT32T, SA_IMM_ATTR_RUNTIME, NULL};
	SaImmAttrDefinitionT_2 event = {(char *)"event", SA_IMM_ATTR_SASTRINGT, cached | SA_IMM_ATTR_RDN, NULL};
	SaImmAttrDefinitionT_2 count = {(char *)"count", SA_IMM_ATTR_SAUINT32T, cached, NULL};
	const SaImmAttrDefinitionT_2 *items[] = {&item, &weight, &note, &tags, &link, &i32,   &i64,  &u64,
						 &when, &f32,    &f64,  &any,  &state, &live, NULL};
	const SaImmAttrDefinitionT_2 *events[] = {&event, &count, NULL};
	SaAisErrorT rc = saImmOmClassCreate_2(om, (char *)CONFIG_CLASS, SA_IMM_CLASS_CONFIG, items);
	HOLDS(rc == SA_AIS_OK || rc == SA_AIS_ERR_EXIST);
	rc = saImmOmClassCreate_2(om, (char *)RUNTIME_CLASS, SA_IMM_CLASS_RUNTIME, events);
	HOLDS(rc == SA_AIS_OK || rc == SA_AIS_ERR_EXIST);
}

/* An object with a weight: its RDN, and its parent or NULL. */
static inline SaAisErrorT add_item(SaImmCcbHandleT ccb, const char *rdn, const char *parent, SaUint32T weight)
{
	SaStringT rdn_text = (char *)rdn;
	SaImmAttrValueT rdns[] = {&rdn_text}, weights[] = {&weight};
	SaImmAttrValuesT_2 by_name = {(char *)"item", SA_IMM_ATTR_SASTRINGT, 1, rdns};
	SaImmAttrValuesT_2 by_weight = {(char *)"weight", SA_IMM_ATTR_SAUINT32T, 1, weights};
	const SaImmAttrValuesT_2 *attributes[] = {&by_name, &by_weight, NULL};
	SaNameT above = name(parent ? parent : "");
	return saImmOmCcbObjectCreate_2(ccb, (char *)CONFIG_CLASS, parent ? &above : NULL, attributes);
}

static inline SaAisErrorT set_weight(SaImmCcbHandleT ccb, const char *object, SaUint32T weight)
{
	SaNameT dn = name(object);
	SaImmAttrValueT weights[] = {&weight};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE,
					   {(char *)"weight", SA_IMM_ATTR_SAUINT32T, 1, weights}};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	return saImmOmCcbObjectModify_2(ccb, &dn, changes);
}

static inline SaAisErrorT remove_item(SaImmCcbHandleT ccb, const char *object)
{
	SaNameT dn = name(object);
	return saImmOmCcbObjectDelete(ccb, &dn);
}

/* An attribute among those that were returned. */
static inline SaImmAttrValuesT_2 *find(SaImmAttrValuesT_2 **attributes, const char *wanted)
{
	for (; *attributes; attributes++)
		if (!strcmp((*attributes)->attrName, wanted))
			return *attributes;
	return NULL;
}

#endif
