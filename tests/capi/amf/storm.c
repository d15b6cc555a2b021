/*
 * Many handles, and calls that make no sense from several threads at once: nothing breaks.
 *
 * Usage: storm CALLS SEED. Exit status 0 where all holds; otherwise a line on stderr says what does not.
 */
#include <pthread.h>
#include <saAmf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define HANDLES 1000
#define THREADS 4

static SaNameT comp, csi;
static SaAmfHealthcheckKeyT key = {"Test", 4};

static void fail(const char *what, long got)
{
    fprintf(stderr, "storm: %s: %ld\n", what, got);
    exit(1);
}

static SaAmfHandleT open_handle(void)
{
    SaAmfHandleT handle = 0;
    SaVersionT version = {'B', 4, 1};
    SaAisErrorT answer = saAmfInitialize_4(&handle, NULL, &version);
    if (answer != SA_AIS_OK)
        fail("saAmfInitialize_4", answer);
    return handle;
}

static void many_handles(void)
{
    static SaAmfHandleT handles[HANDLES];
    static SaSelectionObjectT selections[HANDLES];
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    for (int at = 0; at < HANDLES; at++) {
        handles[at] = open_handle();
        if (saAmfSelectionObjectGet(handles[at], &selections[at]) != SA_AIS_OK)
            fail("no selection object for handle", at);
        if (at > 0 && (handles[at] == handles[at - 1] || selections[at] == selections[at - 1]))
            fail("the same twice", at);
    }
    for (int at = 0; at < HANDLES; at++)
        if (saAmfDispatch(handles[at], SA_DISPATCH_ALL) != SA_AIS_OK)
            fail("cannot dispatch", at);
    for (int at = 0; at < HANDLES; at++)
        if (saAmfFinalize(handles[at]) != SA_AIS_OK)
            fail("cannot finalize", at);
}

static SaAmfHandleT own;

/* ---- calls that make no sense ---- */

struct dice {
    unsigned long state;
};

static unsigned long roll(struct dice *dice, unsigned long sides)
{
    dice->state = dice->state * 6364136223846793005UL + 1442695040888963407UL;
    return (dice->state >> 33) % sides;
}

static const SaNameT *some_name(struct dice *dice, SaNameT *room)
{
    memset(room, (int)roll(dice, 256), sizeof *room);
    switch (roll(dice, 6)) {
    case 0: return NULL;
    case 1: return &comp;
    case 2: return &csi;
    case 3: room->length = 0; return room;
    /* No length that says "long name": that is a pointer, and nobody can tell a wrong one. */
    case 4: room->length = (SaUint16T)roll(dice, 0xcd2b); return room;
    default: room->length = 255; return room;
    }
}

static void one_call(struct dice *dice, SaAmfHandleT *handles)
{
    SaNameT first, second;
    SaAmfHealthcheckKeyT some_key;
    SaNtfCorrelationIdsT ids = {roll(dice, 2), 0, 0};
    SaAmfHAStateT state;
    SaSelectionObjectT object;
    SaAmfHandleT handle = roll(dice, 5) ? handles[roll(dice, 8)] : roll(dice, 1UL << 31) << 25;
    unsigned small = (unsigned)roll(dice, 12);
    const SaNameT *a = some_name(dice, &first), *b = some_name(dice, &second);
    SaNtfCorrelationIdsT *or_null = roll(dice, 3) ? &ids : NULL;
    SaVersionT version = {roll(dice, 3) ? 'B' : 'A', (SaUint8T)roll(dice, 5), (SaUint8T)roll(dice, 3)};
    memset(&some_key, 'T', sizeof some_key);
    some_key.keyLen = (SaUint16T)roll(dice, 40);
    switch (roll(dice, 24)) {
    case 0: if (roll(dice, 8) == 0) { saAmfFinalize(handle); } break;
    case 1: saAmfInitialize_4(&handles[roll(dice, 8)], NULL, &version); break;
    case 2: saAmfInitialize(&handles[roll(dice, 8)], NULL, &version); break;
    case 3: saAmfInitialize_o4(roll(dice, 2) ? &handles[roll(dice, 8)] : NULL, NULL, &version); break;
    case 4: saAmfComponentRegister(handle, a, b); break;
    case 5: saAmfComponentUnregister(handle, a, b); break;
    case 6: saAmfComponentNameGet(handle, roll(dice, 3) ? &first : NULL); break;
    case 7: saAmfPmStart_3(handle, a, (SaInt64T)roll(dice, 3) - 1, (int)small - 2, small, (SaAmfRecommendedRecoveryT)small); break;
    case 8: saAmfPmStop(handle, a, (SaAmfPmStopQualifierT)small, (SaInt64T)roll(dice, 3) - 1, small); break;
    case 9: saAmfHealthcheckStart(handle, a, &some_key, (SaAmfHealthcheckInvocationT)small, (SaAmfRecommendedRecoveryT)small); break;
    case 10: saAmfHealthcheckConfirm(handle, a, roll(dice, 2) ? &key : NULL, (SaAisErrorT)small); break;
    case 11: saAmfHealthcheckStop(handle, a, &some_key); break;
    case 12: saAmfCSIQuiescingComplete(handle, small, (SaAisErrorT)small); break;
    case 13: saAmfHAReadinessStateSet(handle, a, b, (SaAmfHAReadinessStateT)small, or_null); break;
    case 14: saAmfHAStateGet(handle, a, b, roll(dice, 3) ? &state : NULL); break;
    case 15: saAmfProtectionGroupTrack(handle, a, (SaUint8T)small, NULL); break;
    case 16: saAmfProtectionGroupTrack_4(handle, a, (SaUint8T)small, NULL); break;
    case 17: saAmfProtectionGroupTrackStop(handle, a); break;
    case 18: saAmfProtectionGroupNotificationFree_4(handle, (SaAmfProtectionGroupNotificationT_4 *)&first); break;
    case 19: saAmfComponentErrorReport_4(handle, a, (SaTimeT)dice->state, (SaAmfRecommendedRecoveryT)small, or_null); break;
    case 20: saAmfComponentErrorClear_4(handle, a, or_null); break;
    case 21: saAmfResponse_4(handle, small, or_null, (SaAisErrorT)small); break;
    case 22: saAmfSelectionObjectGet(handle, roll(dice, 3) ? &object : NULL); break;
    /* Not BLOCKING, which is right to block. */
    default: saAmfDispatch(handle, (SaDispatchFlagsT)(small == 3 ? 4 : small)); break;
    }
}

struct storm {
    long calls;
    unsigned long seed;
};

static void *rage(void *of)
{
    struct storm *storm = of;
    struct dice dice = {storm->seed};
    SaAmfHandleT handles[8] = {0};
    for (long at = 0; at < storm->calls; at++)
        one_call(&dice, handles);
    for (int at = 0; at < 8; at++)
        saAmfFinalize(handles[at]);
    return NULL;
}

int main(int argc, char **argv)
{
    long calls = argc > 1 ? atol(argv[1]) : 1000;
    unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    pthread_t threads[THREADS];
    struct storm storms[THREADS];
    const char *name = getenv("SA_AMF_COMPONENT_NAME");
    comp.length = (SaUint16T)strlen(name ? name : "safComp=C");
    memcpy(comp.value, name ? name : "safComp=C", comp.length);
    csi.length = 23;
    memcpy(csi.value, "safCsi=X,safSi=S,safApp=A", 25);
    csi.length = 25;

    many_handles();
    own = open_handle();
    for (int at = 0; at < THREADS; at++) {
        storms[at] = (struct storm){calls, seed * 1000 + (unsigned long)at};
        pthread_create(&threads[at], NULL, rage, &storms[at]);
    }
    for (int at = 0; at < THREADS; at++)
        pthread_join(threads[at], NULL);
    if (saAmfComponentNameGet(own, &comp) != (name ? SA_AIS_OK : SA_AIS_ERR_NOT_EXIST))
        fail("the handle does not work any more", 0);
    return saAmfFinalize(own) == SA_AIS_OK ? 0 : 1;
}
