/* See options.h. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_text(options *o, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **field;
    } text[] = {
        { "--map", &o->port.map }, { "--arrivals", &o->arrivals }, { "--log", &o->log },
        { "--dump", &o->dump },    { "--snapshot", &o->snapshot }, { "--record", &o->record },
        { "--forge", &o->forge },
    };
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        if (strcmp(name, text[i].name) == 0) {
            *text[i].field = value;
            return 1;
        }
    }
    return 0;
}

static int read_metres(options *o, const char *name, const char *value)
{
    double *field = strcmp(name, "--range") == 0   ? &o->port.range_m
                    : strcmp(name, "--cut-x") == 0 ? &o->port.cut_x
                                                   : NULL;
    char *rest = NULL;
    if (field == NULL) {
        return 0;
    }
    *field = strtod(value, &rest);
    return rest != value && *rest == '\0';
}

static int store(uint64_t n, uint64_t *wide, uint32_t *word, uint16_t *half)
{
    if (wide != NULL) {
        *wide = n;
    } else if (word != NULL && n <= UINT32_MAX) {
        *word = (uint32_t)n;
    } else if (half != NULL && n <= UINT16_MAX) {
        *half = (uint16_t)n;
    } else {
        return 0;
    }
    return 1;
}

static int read_number(options *o, const char *name, const char *value)
{
    char *rest = NULL;
    errno = 0;
    const uint64_t n = strtoull(value, &rest, 10);
    const struct {
        const char *name;
        uint64_t *wide;
        uint32_t *word;
        uint16_t *half;
    } number[] = {
        { "--id", NULL, NULL, &o->id },
        { "--base", NULL, NULL, &o->port.base },
        { "--seed", NULL, &o->port.seed, NULL },
        { "--loss", NULL, &o->port.loss_permille, NULL },
        { "--boot", NULL, &o->boot, NULL },
        { "--rate", NULL, &o->rate, NULL },
        { "--tick", NULL, &o->tick_ms, NULL },
        { "--origin", &o->port.origin_ms, NULL, NULL },
        { "--cut-from", &o->port.cut_from_ms, NULL, NULL },
        { "--cut-to", &o->port.cut_to_ms, NULL, NULL },
        { "--work-until", &o->work_until_ms, NULL, NULL },
        { "--end", &o->end_ms, NULL, NULL },
        { "--audit", &o->audit_ms, NULL, NULL },
    };
    if (errno != 0 || rest == value || *rest != '\0') {
        return 0;
    }
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
        if (strcmp(name, number[i].name) == 0) {
            return store(n, number[i].wide, number[i].word, number[i].half);
        }
    }
    return 0;
}

int options_read(options *out, int argc, char **argv)
{
    memset(out, 0, sizeof *out);
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!read_text(out, argv[i], value) && !read_metres(out, argv[i], value) &&
            !read_number(out, argv[i], value)) {
            (void)fprintf(stderr, "option %s %s: unknown, or its value is not usable\n", argv[i],
                          value);
            return -1;
        }
    }
    if (out->id == 0 || out->port.map == NULL || out->log == NULL || out->dump == NULL ||
        out->arrivals == NULL || out->tick_ms == 0 || out->audit_ms == 0) {
        (void)fprintf(stderr, "needed: --id --map --arrivals --log --dump --tick --audit\n");
        return -1;
    }
    return 0;
}
