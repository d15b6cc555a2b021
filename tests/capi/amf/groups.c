/*
 * The protection group of a CSI, seen by a process outside of its components: `groups CSI`. It does one step for each line that
 * it reads, and says "done" when what the step waits for has come.
 *
 *   begin   both components are members, however it is asked; then changes are tracked
 *   swap    the two exchange their states
 *   lock    one member leaves
 *   lost    the node director was restarted: the handles say so
 *   stop    nothing is tracked any more
 */
#include <poll.h>
#include <saAmf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOLDS(what) holds(__LINE__, #what, what)
static void holds(int line, const char *what, int so)
{
    if (!so) {
        printf("groups.c:%d: not so: %s\n", line, what);
        fflush(stdout);
        exit(1);
    }
}
#define IS(wanted, call) is(__LINE__, #call, wanted, call)
#define OK(call) IS(SA_AIS_OK, call)
static void is(int line, const char *what, SaAisErrorT wanted, SaAisErrorT got)
{
    if (wanted != got) {
        printf("groups.c:%d: %s gives %d, not %d\n", line, what, got, wanted);
        fflush(stdout);
        exit(1);
    }
}

/* What a callback was told of last, and how often which change has come. */
struct seen {
    int calls, added, removed, changed, unchanged;
    SaUint32T members;
};
static struct seen all, only;

static SaNameT csi;
static SaAmfHandleT changes, changes_only;

static void note(struct seen *seen, const SaNameT *name, SaAmfProtectionGroupNotificationBufferT_4 *buffer, SaUint32T members,
                 SaAisErrorT error)
{
    HOLDS(error == SA_AIS_OK && name->length == csi.length && !memcmp(name->value, csi.value, csi.length));
    seen->calls++;
    seen->members = members;
    for (SaUint32T at = 0; at < buffer->numberOfItems; at++) {
        SaAmfProtectionGroupNotificationT_4 *one = &buffer->notification[at];
        HOLDS(one->member.compName.length > 0 && one->member.haReadinessState == SA_AMF_HARS_READY_FOR_ASSIGNMENT);
        seen->added += one->change == SA_AMF_PROTECTION_GROUP_ADDED;
        seen->removed += one->change == SA_AMF_PROTECTION_GROUP_REMOVED;
        seen->changed += one->change == SA_AMF_PROTECTION_GROUP_STATE_CHANGE;
        seen->unchanged += one->change == SA_AMF_PROTECTION_GROUP_NO_CHANGE;
    }
}

static void on_all(const SaNameT *name, SaAmfProtectionGroupNotificationBufferT_4 *buffer, SaUint32T members, SaAisErrorT error)
{
    note(&all, name, buffer, members, error);
    OK(saAmfProtectionGroupNotificationFree_4(changes, buffer->notification));
}
/* One that does not free: the next callback does. */
static void on_only(const SaNameT *name, SaAmfProtectionGroupNotificationBufferT_4 *buffer, SaUint32T members, SaAisErrorT error)
{
    note(&only, name, buffer, members, error);
}

static SaAmfHandleT open_handle(SaAmfProtectionGroupTrackCallbackT_4 callback)
{
    SaAmfHandleT handle = 0;
    SaVersionT version = {'B', 4, 1};
    SaAmfCallbacksT_4 callbacks = {.saAmfProtectionGroupTrackCallback = callback};
    OK(saAmfInitialize_4(&handle, &callbacks, &version));
    return handle;
}

/* Dispatches what comes on both handles until it is so; a minute at the most. */
static void await(int (*is_so)(void), const char *what)
{
    SaSelectionObjectT first, second;
    OK(saAmfSelectionObjectGet(changes, &first));
    OK(saAmfSelectionObjectGet(changes_only, &second));
    for (int rounds = 0; !is_so(); rounds++) {
        struct pollfd readable[] = {{(int)first, POLLIN, 0}, {(int)second, POLLIN, 0}};
        poll(readable, 2, 100);
        OK(saAmfDispatch(changes, SA_DISPATCH_ALL));
        OK(saAmfDispatch(changes_only, SA_DISPATCH_ALL));
        if (rounds == 600) {
            printf("%s does not come: %d calls, %d added, %d removed, %d changed, %u members\n", what, all.calls, all.added,
                   all.removed, all.changed, all.members);
            exit(1);
        }
    }
}

static void check_members(const SaAmfProtectionGroupNotificationT_4 *of, SaUint32T count)
{
    int states[5] = {0};
    HOLDS(count == 2);
    for (SaUint32T at = 0; at < count; at++) {
        HOLDS(of[at].change == SA_AMF_PROTECTION_GROUP_NO_CHANGE && of[at].member.haState <= SA_AMF_HA_QUIESCING);
        states[of[at].member.haState]++;
    }
    HOLDS(states[SA_AMF_HA_ACTIVE] == 1 && states[SA_AMF_HA_STANDBY] == 1);
}

static int is_told_of_two(void) { return all.calls == 1 && all.members == 2 && all.unchanged == 2; }
static int is_swapped(void) { return all.changed >= 2 && only.changed >= 2; }
static int has_left(void) { return all.removed >= 1 && only.removed >= 1 && all.members == 1; }

static void begin(void)
{
    SaAmfProtectionGroupNotificationT_4 room[4];
    SaAmfProtectionGroupNotificationT old_room[4];
    SaAmfProtectionGroupNotificationBufferT_4 lent = {0, NULL}, own = {4, room}, small = {1, room};
    SaAmfProtectionGroupNotificationBufferT old = {4, old_room};
    SaNameT unknown = {29, "safCsi=None,safSi=S,safApp=No"};
    all = only = (struct seen){0};
    changes = open_handle(on_all), changes_only = open_handle(on_only);
    OK(saAmfProtectionGroupTrack_4(changes, &csi, SA_TRACK_CURRENT, &lent));
    check_members(lent.notification, lent.numberOfItems);
    OK(saAmfProtectionGroupNotificationFree_4(changes, lent.notification));
    IS(SA_AIS_ERR_INVALID_PARAM, saAmfProtectionGroupNotificationFree_4(changes, lent.notification));
    OK(saAmfProtectionGroupTrack_4(changes, &csi, SA_TRACK_CURRENT, &own));
    check_members(room, own.numberOfItems);
    IS(SA_AIS_ERR_NO_SPACE, saAmfProtectionGroupTrack_4(changes, &csi, SA_TRACK_CURRENT, &small));
    HOLDS(small.numberOfItems == 2);
    OK(saAmfProtectionGroupTrack(changes, &csi, SA_TRACK_CURRENT, &old));
    HOLDS(old.numberOfItems == 2 && old_room[0].member.compName.length > 0);
    IS(SA_AIS_ERR_NOT_EXIST, saAmfProtectionGroupTrack_4(changes, &unknown, SA_TRACK_CURRENT, &own));
    /* Nobody tracks by having asked once. */
    IS(SA_AIS_ERR_NOT_EXIST, saAmfProtectionGroupTrackStop(changes, &csi));
    OK(saAmfProtectionGroupTrack_4(changes, &csi, SA_TRACK_CURRENT | SA_TRACK_CHANGES, NULL));
    OK(saAmfProtectionGroupTrack_4(changes_only, &csi, SA_TRACK_CHANGES_ONLY, NULL));
    await(is_told_of_two, "the present state");
}

/* A dispatch of this one says that it is lost, which makes its selection object readable; at once or when the other is there. */
static void is_lost(SaAmfHandleT handle)
{
    SaSelectionObjectT selection;
    SaAisErrorT answer = SA_AIS_OK;
    OK(saAmfSelectionObjectGet(handle, &selection));
    for (int rounds = 0; answer == SA_AIS_OK && rounds < 600; rounds++) {
        struct pollfd readable = {(int)selection, POLLIN, 0};
        poll(&readable, 1, 100);
        answer = saAmfDispatch(handle, SA_DISPATCH_ALL);
    }
    HOLDS(answer == SA_AIS_ERR_BAD_HANDLE);
    IS(SA_AIS_ERR_BAD_HANDLE, saAmfProtectionGroupTrackStop(handle, &csi));
    IS(SA_AIS_ERR_BAD_HANDLE, saAmfProtectionGroupTrack_4(handle, &csi, SA_TRACK_CHANGES, NULL));
    OK(saAmfFinalize(handle));
    IS(SA_AIS_ERR_BAD_HANDLE, saAmfFinalize(handle));
}

static void stop(void)
{
    OK(saAmfProtectionGroupTrackStop(changes, &csi));
    IS(SA_AIS_ERR_NOT_EXIST, saAmfProtectionGroupTrackStop(changes, &csi));
    OK(saAmfFinalize(changes));
    OK(saAmfFinalize(changes_only));
}

int main(int argc, char **argv)
{
    char line[32];
    HOLDS(argc == 2 && strlen(argv[1]) < 256);
    /* A new node director kills whoever was started with this variable: those are components' processes. */
    setenv("PERDURE_AMFND_SOCKET", getenv("TEST_SOCKET"), 1);
    csi.length = (SaUint16T)strlen(argv[1]);
    memcpy(csi.value, argv[1], csi.length);
    while (fgets(line, sizeof line, stdin)) {
        if (!strcmp(line, "begin\n"))
            begin();
        else if (!strcmp(line, "swap\n"))
            await(is_swapped, "the exchange");
        else if (!strcmp(line, "lock\n"))
            await(has_left, "the departure");
        else if (!strcmp(line, "lost\n"))
            is_lost(changes), is_lost(changes_only);
        else if (!strcmp(line, "stop\n"))
            stop();
        /* Where only changes are asked for, nothing else is told. */
        HOLDS(only.unchanged == 0);
        printf("done\n");
        fflush(stdout);
    }
    return 0;
}
