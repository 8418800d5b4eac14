/* The init functions alone: everything they must refuse. */
#define ONLY "_init"
#include "contract.c"
