/*
 * Whether there is a director, told through the dispatching of a handle, and then on a thread of the library.
 *
 * Writes "watching", a line for each change, and ends after four of them.
 */
#include <poll.h>
#include <saAmf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static volatile int changes;

static void say(const char *line)
{
    char path[512];
    snprintf(path, sizeof path, "%s/said", getenv("TEST_DIR"));
    FILE *file = fopen(path, "a");
    if (file == NULL)
        exit(3);
    fprintf(file, "%s\n", line);
    fclose(file);
}

static void on_status(OsafAmfSCStatusT status)
{
    say(status == OSAF_AMF_SC_PRESENT ? "present" : status == OSAF_AMF_SC_ABSENT ? "absent" : "nonsense");
    changes++;
}

int main(void)
{
    SaAmfHandleT handle;
    SaVersionT version = {'B', 4, 1};
    SaSelectionObjectT selection;
    if (osafAmfInstallSCStatusChangeCallback(77, on_status) != SA_AIS_ERR_BAD_HANDLE)
        return 1;
    if (saAmfInitialize_4(&handle, NULL, &version) != SA_AIS_OK)
        return 2;
    if (osafAmfInstallSCStatusChangeCallback(handle, on_status) != SA_AIS_OK)
        return 4;
    if (saAmfSelectionObjectGet(handle, &selection) != SA_AIS_OK)
        return 5;
    say("watching");
    while (changes < 2) {
        struct pollfd fds = {(int)selection, POLLIN, 0};
        if (poll(&fds, 1, -1) < 0 || saAmfDispatch(handle, SA_DISPATCH_ONE) != SA_AIS_OK)
            return 6;
    }
    if (saAmfFinalize(handle) != SA_AIS_OK)
        return 7;
    if (osafAmfInstallSCStatusChangeCallback(0, on_status) != SA_AIS_OK)
        return 8;
    say("watching");
    while (changes < 4)
        usleep(2000);
    return 0;
}
