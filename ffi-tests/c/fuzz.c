/* Hostile input. Every target is a function that takes any bytes, makes of them what it will, and
 * ends the program where something does not hold. The table below is the only list of them.
 *
 *     fuzz list                            the targets, one per line; canaries start with canary_
 *     fuzz run <target> <times> <seed>     inputs from a reproducible stream
 *     fuzz file <target> <path>...         inputs from files: findings, and what is kept of them
 *
 * With WEIR_LIBFUZZER there is no main: libFuzzer calls the target that WEIR_FUZZ_TARGET names. */
#include "fuzz/balance.h"
#include "fuzz/canary.h"
#include "fuzz/complex.h"
#include "fuzz/config.h"
#include "fuzz/frames.h"
#include "fuzz/mesh.h"
#include "fuzz/snapshot.h"

static const struct {
    const char *name;
    void (*function)(struct input *in);
} targets[] = {
    { "frames", fuzz_frames },
    { "complex", fuzz_complex },
    { "mesh", fuzz_mesh },
    { "snapshot", fuzz_snapshot },
    { "mesh_config", fuzz_mesh_config },
    { "complex_config", fuzz_complex_config },
    { "balance", fuzz_balance },
    { "canary_word", canary_word },
    { "canary_calls", canary_calls },
    { "canary_heap_of_c", canary_heap_of_c },
    { "canary_overflow_of_c", canary_overflow_of_c },
    { "canary_heap_of_rust", canary_heap_of_rust },
};

#define TARGETS (sizeof targets / sizeof targets[0])
#define LONGEST 1024

/* What a library that was built with all checks calls instead of going on. */
void weir_panic_path_is_reachable(void);
void weir_panic_path_is_reachable(void)
{
    printf("finding: the library would have stopped\n");
    finding();
    abort();
}

static size_t find(const char *name)
{
    size_t at;
    for (at = 0; name && at < TARGETS; at++) {
        if (strcmp(targets[at].name, name) == 0) {
            return at;
        }
    }
    printf("fuzz: no target %s\n", name ? name : "named");
    exit(2);
}

static void call(size_t target, const uint8_t *bytes, size_t len)
{
    struct input in;
    in.at = whole_input = bytes;
    in.left = whole_len = len;
    targets[target].function(&in);
}

#ifdef WEIR_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static size_t target = TARGETS;
    if (target == TARGETS) {
        target = find(getenv("WEIR_FUZZ_TARGET"));
    }
    call(target, bytes, len);
    return 0;
}

#else

/* Without feedback: new bytes, small bytes, or an earlier input with a few changes. */
static size_t invent(uint64_t *state, uint8_t bytes[LONGEST], size_t before)
{
    uint64_t how = next_random(state);
    size_t len = (size_t)(next_random(state) % ((how & 0x700) == 0 ? LONGEST : 128)), at;
    if (before > 8 && (how & 3) != 0) {
        for (at = (how >> 4) & 15; at; at--) {
            uint64_t change = next_random(state);
            bytes[change % before] = (uint8_t)(change >> ((change >> 32) & 1 ? 40 : 61));
        }
        return before;
    }
    for (at = 0; at < len; at++) {
        uint64_t fresh = next_random(state);
        bytes[at] = (uint8_t)(fresh >> ((fresh >> 8) & 1 ? 40 : 60));
    }
    return len;
}

static int run_stream(size_t target, unsigned long times, uint64_t seed)
{
    static uint8_t bytes[LONGEST];
    size_t len = 0;
    unsigned long done;
    for (done = 0; done < times; done++) {
        uint8_t *tight;
        len = invent(&seed, bytes, len);
        tight = (uint8_t *)malloc(len ? len : 1);
        memcpy(tight, bytes, len);
        call(target, tight, len);
        free(tight);
    }
    printf("fuzz %s: %lu executions, no finding\n", targets[target].name, done);
    return 0;
}

static int run_file(size_t target, const char *path)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    size_t len;
    if (!file) {
        printf("fuzz: no file %s\n", path);
        return 2;
    }
    len = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    call(target, bytes, len);
    return 0;
}

int main(int count, char **words)
{
    size_t at;
    int status = 0;
    if (count == 2 && strcmp(words[1], "list") == 0) {
        for (at = 0; at < TARGETS; at++) {
            printf("%s\n", targets[at].name);
        }
        return 0;
    }
    if (count == 5 && strcmp(words[1], "run") == 0) {
        return run_stream(find(words[2]), strtoul(words[3], NULL, 10),
                          strtoul(words[4], NULL, 10));
    }
    if (count >= 4 && strcmp(words[1], "file") == 0) {
        for (at = 3; at < (size_t)count && status == 0; at++) {
            status = run_file(find(words[2]), words[at]);
        }
        return status;
    }
    printf("fuzz list | fuzz run <target> <times> <seed> | fuzz file <target> <path>...\n");
    return 2;
}

#endif
