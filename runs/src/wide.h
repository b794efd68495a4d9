/* Loops over samples, compiled twice: for every processor of the family, and for those with AVX2, which halves their time.
 *
 *     WIDE(bool, plain32, (const double *v, size_t n), (v, n)) { ...the loop... }
 *
 * defines plain32 by the body that follows. No branches in such a loop, or the compiler leaves it scalar. (Function
 * versions by ifunc would be shorter, but are resolved before a sanitizer is ready.) */
#ifndef LECTERN_RUNS_WIDE_H
#define LECTERN_RUNS_WIDE_H

#if defined(__x86_64__) && !defined(__AVX2__)
#define WIDE(type, name, params, args)                                                                                 \
    static inline __attribute__((always_inline)) type name##_body params;                                              \
    __attribute__((target("avx2"))) static type name##_avx2 params                                                     \
    {                                                                                                                  \
        return name##_body args;                                                                                       \
    }                                                                                                                  \
    static type name##_any params                                                                                      \
    {                                                                                                                  \
        return name##_body args;                                                                                       \
    }                                                                                                                  \
    static inline type name params                                                                                     \
    {                                                                                                                  \
        return __builtin_cpu_supports("avx2") ? name##_avx2 args : name##_any args;                                    \
    }                                                                                                                  \
    static inline type name##_body params
#else
#define WIDE(type, name, params, args) static type name params
#endif

#endif
