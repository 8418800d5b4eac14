/* The frame of the bills: a program that does nothing but link the functions it lists. */
#ifndef BILL_H
#define BILL_H

#include <weir.h>

typedef void (*function)(void);

/* The addresses are read when the program runs, so the linker keeps every one. */
#define LINKS(...)                                                                                 \
    static const volatile function used[] = { __VA_ARGS__ };                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        return used[0] == used[1];                                                                 \
    }

#endif
