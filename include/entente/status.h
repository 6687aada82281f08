/* Errors: every function that can fail returns an ent_status and leaves one message.
 *
 * A function that fails writes its message with ent_fail (value found, value wanted, where) and returns the code;
 * its results are written only on success.  The message belongs to the calling thread and is kept until the next
 * failure.  Bad input or a failing system gives a status.  A bug in Entente triggers ENT_ASSERT, which aborts every
 * rank. */
#ifndef ENTENTE_STATUS_H
#define ENTENTE_STATUS_H

typedef enum {
    ENT_OK = 0,
    ENT_EARG = 1,     /* a value that the function does not accept */
    ENT_ENOMEM = 2,   /* memory */
    ENT_EIO = 3,      /* a file that cannot be read or written */
    ENT_EFORMAT = 4,  /* a file whose content is not what its format says */
    ENT_ECONFIG = 5,  /* the configuration */
    ENT_EDATA = 6,    /* the data: a label out of range, a feature that is not finite */
    ENT_ENUMERIC = 7, /* a number that left its range during computation */
    ENT_STOPPED = 8,  /* not a failure: stopped on request, with a checkpoint to resume from */
    ENT_EBUSY = 9,    /* the resource is in use by another process */
    ENT_EFULL = 10    /* a disk is full, or a quota exceeded */
} ent_status;

/* Write the message and return `code`.  Local. */
ent_status ent_fail(ent_status code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "text: " in front of the present message, and return `code`.  Local. */
ent_status ent_fail_in(ent_status code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The calling thread's last message; "" before the first failure.  Local. */
const char *ent_message(void);

/* Return from the function with a message unless `condition` holds.  Only where nothing is to be freed. */
#define ENT_REQUIRE(condition, code, ...)                                                                            \
    do {                                                                                                             \
        if (!(condition)) return ent_fail((code), __VA_ARGS__);                                                      \
    } while (0)

/* Return from the function with the status of `call` unless it is ENT_OK.  Only where nothing is to be freed. */
#define ENT_TRY(call)                                                                                                \
    do {                                                                                                             \
        ent_status try_status_ = (call);                                                                             \
        if (try_status_ != ENT_OK) return try_status_;                                                               \
    } while (0)

void ent_assert_failed(const char *text, const char *file, int line) __attribute__((noreturn));
#define ENT_ASSERT(condition) ((condition) ? (void)0 : ent_assert_failed(#condition, __FILE__, __LINE__))

#endif
