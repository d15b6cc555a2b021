/*
 * A proxy component for the model models/proxy.xml: it runs daemons that know nothing of the framework, and speaks for them. A
 * daemon serves after SIGUSR1, rests after SIGUSR2 and ends after SIGTERM. Its CSI says which program that is ("command"), what it
 * is given ("file"), where its process is noted ("pids"), and for which components the proxy may speak ("proxied"). On SIGUSR1 it
 * reports that the daemon failed, to which the notifications 40 and 41 have led, on SIGUSR2 that this is over, by 60 and 61.
 * Beside its program it keeps the file "said": a line for each answer that is not the expected one, and one for each such report
 * with the answer and what is in the identifiers after it.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <saAmf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static SaAmfHandleT own;
static SaNameT self;
static int is_active;
static char command[PATH_MAX], file[PATH_MAX], pids[PATH_MAX];
static SaNameT proxied[8];
static int proxied_count;
/* For which one it speaks. */
static SaNameT spoken_for;
static volatile sig_atomic_t failed, over;

static void say(const char *line)
{
    char path[PATH_MAX] = {0};
    if (readlink("/proc/self/exe", path, sizeof path - 8) < 0)
        exit(3);
    FILE *said = fopen(strcat(dirname(path), "/said"), "a");
    if (said == NULL)
        exit(3);
    fprintf(said, "%s\n", line);
    fclose(said);
}

#define CHECK(call) check(#call, SA_AIS_OK, call)
static void check(const char *what, SaAisErrorT wanted, SaAisErrorT got)
{
    char line[256];
    snprintf(line, sizeof line, "%s gives %d", what, got);
    if (wanted != got)
        say(line);
}

static void answer(SaInvocationT invocation, SaAisErrorT error)
{
    CHECK(saAmfResponse_4(own, invocation, NULL, error));
}

static int is_own(const SaNameT *comp)
{
    return comp->length == self.length && !memcmp(comp->value, self.value, self.length);
}

/* ---- the daemons ---- */

static void note_path(const SaNameT *comp, char *path)
{
    snprintf(path, PATH_MAX, "%.3000s/%.*s.pid", pids, (int)comp->length, (const char *)comp->value);
}

/* The daemon's process, if it lives; 0 if not. */
static pid_t pid_of(const SaNameT *comp)
{
    char path[PATH_MAX];
    int pid = 0;
    note_path(comp, path);
    FILE *note = fopen(path, "r");
    if (note == NULL)
        return 0;
    if (fscanf(note, "%d", &pid) != 1)
        pid = 0;
    fclose(note);
    return pid > 0 && kill(pid, 0) == 0 ? pid : 0;
}

static pid_t begin(const SaNameT *comp)
{
    char path[PATH_MAX];
    pid_t pid = fork();
    if (pid == 0) {
        char name[SA_MAX_NAME_LENGTH + 1] = {0};
        memcpy(name, comp->value, comp->length);
        setpgid(0, 0);
        signal(SIGCHLD, SIG_DFL);
        /* Its own name: it is not the proxy's, and does not end with it. */
        setenv("SA_AMF_COMPONENT_NAME", name, 1);
        execl(command, command, file, (char *)NULL);
        _exit(127);
    }
    note_path(comp, path);
    FILE *note = fopen(path, "w");
    if (pid < 0 || note == NULL)
        return 0;
    fprintf(note, "%d", (int)pid);
    fclose(note);
    return pid;
}

static void tell(const SaNameT *comp, int number)
{
    pid_t pid = pid_of(comp);
    if (pid > 0)
        kill(pid, number);
}

static void end(const SaNameT *comp, int number)
{
    tell(comp, number);
    while (pid_of(comp) > 0)
        poll(NULL, 0, 5);
}

static void speak_for(const SaNameT *comp, pid_t pid)
{
    SaAisErrorT error = saAmfComponentRegister(own, comp, &self);
    /* The daemon of another node, which that one's proxy speaks for. */
    if (error == SA_AIS_ERR_INVALID_PARAM)
        return;
    /* It stays registered while it is restarted. */
    if (error != SA_AIS_ERR_EXIST)
        check("registration", SA_AIS_OK, error);
    CHECK(saAmfPmStart_3(own, comp, pid, 0, SA_AMF_PM_ZERO_EXIT | SA_AMF_PM_NON_ZERO_EXIT | SA_AMF_PM_ABNORMAL_END,
                         SA_AMF_COMPONENT_RESTART));
    check("registration of what is registered", SA_AIS_ERR_EXIST, saAmfComponentRegister(own, comp, &self));
    spoken_for = *comp;
}

/* ---- what it is told by signals ---- */

static void on_signal(int number)
{
    if (number == SIGUSR1)
        failed = 1;
    else
        over = 1;
}

static void say_ids(const char *what, SaAisErrorT got, const SaNtfCorrelationIdsT *ids)
{
    char line[128];
    snprintf(line, sizeof line, "%s %d: %llu %llu %llu", what, got, ids->rootCorrelationId, ids->parentCorrelationId,
             ids->notificationId);
    say(line);
}

static void report(void)
{
    SaNtfCorrelationIdsT ids = {40, 41, 7};
    SaAisErrorT got = saAmfComponentErrorReport_4(own, &spoken_for, 0, SA_AMF_COMPONENT_FAILOVER, &ids);
    say_ids("report", got, &ids);
}

static void clear(void)
{
    SaNtfCorrelationIdsT ids = {60, 61, 7};
    SaAisErrorT got = saAmfComponentErrorClear_4(own, &spoken_for, &ids);
    say_ids("clear", got, &ids);
}

/* ---- the callbacks ---- */

static void take(const SaAmfCSIAttributeListT *attributes)
{
    proxied_count = 0;
    for (SaUint32T at = 0; at < attributes->number; at++) {
        const char *name = (const char *)attributes->attr[at].attrName, *value = (const char *)attributes->attr[at].attrValue;
        if (!strcmp(name, "command"))
            snprintf(command, sizeof command, "%s", value);
        else if (!strcmp(name, "file"))
            snprintf(file, sizeof file, "%s", value);
        else if (!strcmp(name, "pids"))
            snprintf(pids, sizeof pids, "%s", value);
        else if (!strcmp(name, "proxied") && proxied_count < 8 && strlen(value) < SA_MAX_NAME_LENGTH) {
            SaNameT *comp = &proxied[proxied_count++];
            comp->length = (SaUint16T)strlen(value);
            memcpy(comp->value, value, comp->length);
        }
    }
}

/* For itself. A daemon that a former proxy left running is spoken for again. */
static void on_own_set(SaInvocationT invocation, SaAmfHAStateT state, const SaAmfCSIDescriptorT *descriptor)
{
    is_active = state == SA_AMF_HA_ACTIVE;
    if (descriptor->csiFlags == SA_AMF_CSI_ADD_ONE)
        take(&descriptor->csiAttr);
    answer(invocation, SA_AIS_OK);
    if (state == SA_AMF_HA_QUIESCING)
        CHECK(saAmfCSIQuiescingComplete(own, invocation, SA_AIS_OK));
    for (int at = 0; is_active && at < proxied_count; at++) {
        pid_t pid = pid_of(&proxied[at]);
        if (pid > 0)
            speak_for(&proxied[at], pid);
    }
}

static void on_csi_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state, SaAmfCSIDescriptorT descriptor)
{
    if (is_own(comp)) {
        on_own_set(invocation, state, &descriptor);
        return;
    }
    tell(comp, state == SA_AMF_HA_ACTIVE ? SIGUSR1 : SIGUSR2);
    answer(invocation, SA_AIS_OK);
    if (state == SA_AMF_HA_QUIESCING)
        CHECK(saAmfCSIQuiescingComplete(own, invocation, SA_AIS_OK));
}
static void on_csi_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags)
{
    (void)csi, (void)flags;
    if (is_own(comp))
        is_active = 0;
    else
        tell(comp, SIGUSR2);
    answer(invocation, SA_AIS_OK);
}
static void on_terminate(SaInvocationT invocation, const SaNameT *comp)
{
    if (is_own(comp)) {
        answer(invocation, SA_AIS_OK);
        exit(0);
    }
    end(comp, SIGTERM);
    answer(invocation, SA_AIS_OK);
}
static void on_instantiate(SaInvocationT invocation, const SaNameT *comp)
{
    pid_t pid = is_active ? begin(comp) : 0;
    answer(invocation, pid > 0 ? SA_AIS_OK : SA_AIS_ERR_FAILED_OPERATION);
    if (pid > 0)
        speak_for(comp, pid);
}
static void on_cleanup(SaInvocationT invocation, const SaNameT *comp)
{
    end(comp, SIGKILL);
    answer(invocation, SA_AIS_OK);
}

int main(void)
{
    SaAmfCallbacksT_4 callbacks = {0};
    SaVersionT version = {'B', 4, 1};
    SaSelectionObjectT selection;
    /* The daemons are nobody's to wait for. */
    signal(SIGCHLD, SIG_IGN);
    signal(SIGUSR1, on_signal);
    signal(SIGUSR2, on_signal);
    callbacks.saAmfCSISetCallback = on_csi_set;
    callbacks.saAmfCSIRemoveCallback = on_csi_remove;
    callbacks.saAmfComponentTerminateCallback = on_terminate;
    callbacks.saAmfProxiedComponentInstantiateCallback = on_instantiate;
    callbacks.saAmfProxiedComponentCleanupCallback = on_cleanup;
    CHECK(saAmfInitialize_4(&own, &callbacks, &version));
    CHECK(saAmfComponentNameGet(own, &self));
    CHECK(saAmfSelectionObjectGet(own, &selection));
    CHECK(saAmfComponentRegister(own, &self, NULL));
    for (;;) {
        struct pollfd fds = {(int)selection, POLLIN, 0};
        if (poll(&fds, 1, 50) < 0 && errno != EINTR)
            return 4;
        if (fds.revents & POLLIN)
            CHECK(saAmfDispatch(own, SA_DISPATCH_ALL));
        if (failed) {
            failed = 0;
            report();
        }
        if (over) {
            over = 0;
            clear();
        }
    }
}
