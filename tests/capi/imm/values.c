/* Values of all types go in and come out; names of 256 bytes and more where the environment allows them. */
#include "check.h"

static SaImmHandleT om;
static SaImmCcbHandleT ccb;

static SaImmAttrValuesT_2 value(const char *name, SaImmValueTypeT type, SaImmAttrValueT *place, void *value)
{
	*place = value;
	return (SaImmAttrValuesT_2){(char *)name, type, 1, place};
}

static void all_types(void)
{
	SaInt32T i32 = -7;
	SaUint32T u32 = 4000000000u;
	SaInt64T i64 = -9000000000LL;
	SaUint64T u64 = 18000000000000000000ull;
	SaTimeT when = 1234567890123456789LL;
	SaFloatT f32 = 1.5f;
	SaDoubleT f64 = -2.25;
	SaStringT text = (char *)"zwei W\xc3\xb6rter", empty = (char *)"", tag = (char *)"tag", rdn = (char *)"item=all";
	SaUint8T bytes[] = {0, 1, 255};
	SaAnyT any = {3, bytes};
	SaNameT link = name(ROOT);
	SaImmAttrValueT places[12], tags[] = {&tag, &empty, &tag};
	SaImmAttrValuesT_2 given[] = {
		value("item", SA_IMM_ATTR_SASTRINGT, &places[0], &rdn),
		value("i32", SA_IMM_ATTR_SAINT32T, &places[1], &i32),
		value("weight", SA_IMM_ATTR_SAUINT32T, &places[2], &u32),
		value("i64", SA_IMM_ATTR_SAINT64T, &places[3], &i64),
		value("u64", SA_IMM_ATTR_SAUINT64T, &places[4], &u64),
		value("when", SA_IMM_ATTR_SATIMET, &places[5], &when),
		value("f32", SA_IMM_ATTR_SAFLOATT, &places[6], &f32),
		value("f64", SA_IMM_ATTR_SADOUBLET, &places[7], &f64),
		value("note", SA_IMM_ATTR_SASTRINGT, &places[8], &text),
		value("any", SA_IMM_ATTR_SAANYT, &places[9], &any),
		value("link", SA_IMM_ATTR_SANAMET, &places[10], &link),
		{(char *)"tags", SA_IMM_ATTR_SASTRINGT, 3, tags},
	};
	const SaImmAttrValuesT_2 *list[13] = {NULL};
	for (int at = 0; at < 12; at++)
		list[at] = &given[at];
	SaNameT root = name(ROOT), object = name("item=all," ROOT);
	OK(saImmOmCcbObjectCreate_2(ccb, (char *)CONFIG_CLASS, &root, list));
	OK(saImmOmCcbApply(ccb));
	SaImmAccessorHandleT accessor;
	SaImmAttrValuesT_2 **got;
	OK(saImmOmAccessorInitialize(om, &accessor));
	OK(saImmOmAccessorGet_2(accessor, &object, NULL, &got));
#define FIRST(type, name) (*(type *)find(got, name)->attrValues[0])
	HOLDS(!strcmp(FIRST(SaStringT, "item"), "item=all"));
	HOLDS(FIRST(SaInt32T, "i32") == i32 && FIRST(SaUint32T, "weight") == u32);
	HOLDS(FIRST(SaInt64T, "i64") == i64 && FIRST(SaUint64T, "u64") == u64 && FIRST(SaTimeT, "when") == when);
	HOLDS(FIRST(SaFloatT, "f32") == f32 && FIRST(SaDoubleT, "f64") == f64);
	HOLDS(!strcmp(FIRST(SaStringT, "note"), text));
	SaAnyT *came = &FIRST(SaAnyT, "any");
	HOLDS(came->bufferSize == 3 && !memcmp(came->bufferAddr, bytes, 3));
	SaNameT *linked = &FIRST(SaNameT, "link");
	HOLDS(linked->length == root.length && !memcmp(linked->value, root.value, root.length));
	HOLDS(find(got, "tags")->attrValuesNumber == 3 && !strcmp(FIRST(SaStringT, "tags"), "tag"));
	HOLDS(find(got, "state")->attrValuesNumber == 0);
	HOLDS(!strcmp(FIRST(SaStringT, SA_IMM_ATTR_CLASS_NAME), CONFIG_CLASS));
	OK(saImmOmAccessorFinalize(accessor));
	OK(remove_item(ccb, "item=all," ROOT));
	OK(saImmOmCcbApply(ccb));
}

/* OpenSAF's layout: a mark in the length, a pointer in the fifth to eighth halfword. */
static SaNameT long_name(const char *text)
{
	SaNameT name;
	memset(&name, 0, sizeof(name));
	name.length = 0xcd2b;
	memcpy((char *)&name + 8, &text, sizeof(text));
	return name;
}

static void long_names(void)
{
	char rdn[60], dn[900] = ROOT;
	SaImmAttrValuesT_2 **got;
	SaNameT found;
	SaStringT text;
	SaImmAdminOwnerHandleT owner = owner_handle(om, "checker");
	SaNameT service = name("opensafImm=opensafImm,safApp=safImmService");
	const SaNameT *services[] = {&service, NULL};
	SaUint32T allowed = 1;
	SaImmAttrValueT values[] = {&allowed};
	SaImmAttrModificationT_2 change = {SA_IMM_ATTR_VALUES_REPLACE,
					   {(char *)"longDnsAllowed", SA_IMM_ATTR_SAUINT32T, 1, values}};
	const SaImmAttrModificationT_2 *changes[] = {&change, NULL};
	SaAisErrorT rc = saImmOmAdminOwnerSet(owner, services, SA_IMM_ONE);
	HOLDS(rc == SA_AIS_OK || rc == SA_AIS_ERR_EXIST);
	SaImmCcbHandleT settings = ccb_handle(owner);
	OK(saImmOmCcbObjectModify_2(settings, &service, changes));
	OK(saImmOmCcbApply(settings));
	for (int depth = 0; strlen(dn) < 400; depth++) {
		char parent[800];
		strcpy(parent, dn);
		snprintf(rdn, sizeof(rdn), "item=%050d", depth);
		SaStringT rdn_text = rdn;
		SaImmAttrValueT rdns[] = {&rdn_text};
		SaImmAttrValuesT_2 by_name = {(char *)"item", SA_IMM_ATTR_SASTRINGT, 1, rdns};
		const SaImmAttrValuesT_2 *attributes[] = {&by_name, NULL};
		SaNameT above = strlen(parent) > 255 ? long_name(parent) : name(parent);
		OK(saImmOmCcbObjectCreate_2(ccb, (char *)CONFIG_CLASS, &above, attributes));
		snprintf(dn, sizeof(dn), "%s,%s", rdn, parent);
	}
	OK(saImmOmCcbApply(ccb));
	SaImmAccessorHandleT accessor;
	SaImmSearchHandleT search;
	SaNameT object = long_name(dn);
	OK(saImmOmAccessorInitialize(om, &accessor));
	OK(saImmOmAccessorGet_2(accessor, &object, NULL, &got));
	OK(saImmOmAccessorGet_o3(accessor, dn, NULL, &got));
	OK(saImmOmAccessorFinalize(accessor));
	OK(saImmOmSearchInitialize_2(om, &object, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_NO_ATTR, NULL, NULL, &search));
	OK(saImmOmSearchNext_2(search, &found, &got));
	const char *came;
	memcpy(&came, (char *)&found + 8, sizeof(came));
	HOLDS(found.length == 0xcd2b && !strcmp(came, dn));
	OK(saImmOmSearchFinalize(search));
	OK(saImmOmSearchInitialize_o3(om, dn, SA_IMM_SUBTREE, SA_IMM_SEARCH_GET_NO_ATTR, NULL, NULL, &search));
	OK(saImmOmSearchNext_o3(search, &text, &got));
	HOLDS(!strcmp(text, dn));
	OK(saImmOmSearchFinalize(search));
}

int main(void)
{
	om = om_handle(18);
	create_classes(om);
	SaImmAdminOwnerHandleT owner = owner_handle(om, "checker");
	ccb = ccb_handle(owner);
	OK(add_item(ccb, ROOT, NULL, 7));
	OK(saImmOmCcbApply(ccb));
	all_types();
	SaNameT marked = long_name(ROOT);
	SaImmAccessorHandleT accessor;
	SaImmAttrValuesT_2 **got;
	OK(saImmOmAccessorInitialize(om, &accessor));
	/* A short name may not stand elsewhere, and a long one only where the environment says so. */
	IS(saImmOmAccessorGet_2(accessor, &marked, NULL, &got), SA_AIS_ERR_INVALID_PARAM);
	OK(saImmOmAccessorFinalize(accessor));
	const char *enabled = getenv("SA_ENABLE_EXTENDED_NAMES");
	if (enabled && !strcmp(enabled, "1")) {
		long_names();
	} else {
		char text[400] = ROOT;
		memset(text + strlen(text), 'x', 300);
		marked = long_name(text);
		OK(saImmOmAccessorInitialize(om, &accessor));
		IS(saImmOmAccessorGet_2(accessor, &marked, NULL, &got), SA_AIS_ERR_INVALID_PARAM);
		OK(saImmOmAccessorFinalize(accessor));
	}
	OK(remove_item(ccb, ROOT));
	OK(saImmOmCcbApply(ccb));
	OK(saImmOmFinalize(om));
	return 0;
}
