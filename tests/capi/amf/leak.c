/*
 * Every kind of call of saAmf.h that a process may make without being registered leaves nothing behind: `leak TIMES [LEAKY]`,
 * see count.h. SA_AMF_COMPONENT_NAME names a component of the node; with TEST_CSI, which names a CSI that it holds, a director
 * answers and the kinds that need one run too.
 */
#include <saAmf.h>
#include <unistd.h>
#include "../count.h"

static SaAmfHandleT own, tracking;
static SaSelectionObjectT selection;
static SaNameT comp, csi;
static SaAmfHealthcheckKeyT key = {"Test", 4};
static int told;

#define IS(wanted, call) is(__LINE__, #call, wanted, call)
#define OK(call) IS(SA_AIS_OK, call)
static void is(int line, const char *what, SaAisErrorT wanted, SaAisErrorT got)
{
    if (wanted != got) {
        fprintf(stderr, "leak.c:%d: %s gives %d, not %d\n", line, what, got, wanted);
        exit(2);
    }
}

static SaNameT name_of(const char *text)
{
    SaNameT name = {0};
    name.length = (SaUint16T)strlen(text);
    memcpy(name.value, text, name.length);
    return name;
}

static SaAmfHandleT open_handle(const SaAmfCallbacksT_4 *callbacks)
{
    SaAmfHandleT handle = 0;
    SaVersionT version = {'B', 4, 1};
    OK(saAmfInitialize_4(&handle, callbacks, &version));
    return handle;
}

static void initialize(void)
{
    SaAmfHandleT handle;
    SaVersionT version = {'B', 1, 1};
    OK(saAmfInitialize(&handle, NULL, &version));
    OK(saAmfFinalize(handle));
}
static void initialize_4(void)
{
    SaAmfHandleT handle = open_handle(NULL);
    SaSelectionObjectT object;
    OK(saAmfSelectionObjectGet(handle, &object));
    OK(saAmfFinalize(handle));
}
static void wrong_handles(void)
{
    IS(SA_AIS_ERR_BAD_HANDLE, saAmfFinalize(12345));
    IS(SA_AIS_ERR_BAD_HANDLE, saAmfDispatch(own + 1000, SA_DISPATCH_ALL));
}
static void dispatch(void) { OK(saAmfDispatch(own, SA_DISPATCH_ALL)); }
static void component_name(void)
{
    SaNameT name;
    OK(saAmfComponentNameGet(own, &name));
}
static void register_refused(void) { IS(SA_AIS_ERR_INIT, saAmfComponentRegister(own, &comp, NULL)); }
static void unregister_refused(void) { IS(SA_AIS_ERR_VERSION, saAmfComponentUnregister(own, &comp, NULL)); }
static void ha_state(void)
{
    SaAmfHAStateT state;
    saAmfHAStateGet(own, &comp, &csi, &state);
}
static void healthcheck(void)
{
    saAmfHealthcheckStart(own, &comp, &key, SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_NO_RECOMMENDATION);
    saAmfHealthcheckConfirm(own, &comp, &key, SA_AIS_OK);
    saAmfHealthcheckStop(own, &comp, &key);
}
static void monitoring(void)
{
    saAmfPmStart_3(own, &comp, getpid(), 0, SA_AMF_PM_ABNORMAL_END, SA_AMF_NO_RECOMMENDATION);
    saAmfPmStop(own, &comp, SA_AMF_PM_PROC, getpid(), SA_AMF_PM_ABNORMAL_END);
}
static void response(void) { IS(SA_AIS_ERR_NOT_EXIST, saAmfResponse_4(own, 12345, NULL, SA_AIS_OK)); }
static void quiescing_complete(void) { IS(SA_AIS_ERR_NOT_EXIST, saAmfCSIQuiescingComplete(own, 12345, SA_AIS_OK)); }
static void errors(void)
{
    SaNameT other = name_of("a=1");
    IS(SA_AIS_ERR_NOT_EXIST, saAmfComponentErrorReport(own, &other, 0, SA_AMF_NO_RECOMMENDATION, 0));
    saAmfComponentErrorClear(own, &comp, 0);
}
static void correlation_ids(void)
{
    SaNtfCorrelationIdsT ids;
    IS(SA_AIS_ERR_NOT_EXIST, saAmfCorrelationIdsGet(own, 1, &ids));
}
static void ha_readiness_refused(void)
{
    SaNtfCorrelationIdsT ids;
    IS(SA_AIS_ERR_INVALID_PARAM, saAmfHAReadinessStateSet(own, NULL, &csi, SA_AMF_HARS_READY_FOR_ASSIGNMENT, &ids));
}
static void group_refused(void)
{
    IS(SA_AIS_ERR_INIT, saAmfProtectionGroupTrack_4(own, &csi, SA_TRACK_CURRENT, NULL));
    IS(SA_AIS_ERR_NOT_EXIST, saAmfProtectionGroupTrackStop(own, &csi));
}

/* ---- with a director ---- */

static void on_group(const SaNameT *name, SaAmfProtectionGroupNotificationBufferT_4 *buffer, SaUint32T members, SaAisErrorT error)
{
    (void)name, (void)buffer, (void)members, (void)error;
    told++;
}
static void group_in_a_lent_buffer(void)
{
    SaAmfProtectionGroupNotificationBufferT_4 buffer = {0, NULL};
    OK(saAmfProtectionGroupTrack_4(own, &csi, SA_TRACK_CURRENT, &buffer));
    OK(saAmfProtectionGroupNotificationFree_4(own, buffer.notification));
}
static void group_in_an_own_buffer(void)
{
    SaAmfProtectionGroupNotificationT_4 room[4];
    SaAmfProtectionGroupNotificationBufferT_4 buffer = {4, room};
    OK(saAmfProtectionGroupTrack_4(own, &csi, SA_TRACK_CURRENT, &buffer));
}
static void group_by_callback(void)
{
    int before = told;
    OK(saAmfProtectionGroupTrack_4(tracking, &csi, SA_TRACK_CURRENT, NULL));
    while (told == before) {
        struct pollfd readable = {(int)selection, POLLIN, 0};
        if (poll(&readable, 1, 30000) <= 0)
            exit(3);
        OK(saAmfDispatch(tracking, SA_DISPATCH_ALL));
    }
}
static void group_track_and_stop(void)
{
    OK(saAmfProtectionGroupTrack_4(tracking, &csi, SA_TRACK_CHANGES, NULL));
    OK(saAmfProtectionGroupTrackStop(tracking, &csi));
}

#define KIND(call) {#call, call}
static const struct kind kinds[] = {
    KIND(initialize), KIND(initialize_4), KIND(wrong_handles), KIND(dispatch), KIND(component_name), KIND(register_refused),
    KIND(unregister_refused), KIND(ha_state), KIND(healthcheck), KIND(monitoring), KIND(response), KIND(quiescing_complete),
    KIND(errors), KIND(correlation_ids), KIND(ha_readiness_refused), KIND(group_refused),
};
static const struct kind directed[] = {
    KIND(group_in_a_lent_buffer), KIND(group_in_an_own_buffer), KIND(group_by_callback), KIND(group_track_and_stop),
};

int main(int argc, char **argv)
{
    const char *name = getenv("SA_AMF_COMPONENT_NAME"), *held = getenv("TEST_CSI");
    SaAmfCallbacksT_4 callbacks = {.saAmfProtectionGroupTrackCallback = on_group};
    comp = name_of(name ? name : "safComp=C");
    csi = name_of(held ? held : "safCsi=X,safSi=S,safApp=A");
    own = open_handle(NULL);
    tracking = open_handle(&callbacks);
    OK(saAmfSelectionObjectGet(tracking, &selection));
    int failed = leaks_nothing(kinds, sizeof(kinds) / sizeof(kinds[0]), argc, argv);
    if (held)
        failed |= leaks_nothing(directed, sizeof(directed) / sizeof(directed[0]), argc, argv);
    OK(saAmfFinalize(tracking));
    OK(saAmfFinalize(own));
    return failed;
}
