/* Wall-clock time.  Local. */
#ifndef ENTENTE_CLOCK_H
#define ENTENTE_CLOCK_H

/* Seconds since an arbitrary start; never goes back. */
double ent_clock_s(void);

/* The date and time in UTC, ISO 8601: "2026-01-31T12:00:00Z".  Returns `text`. */
char *ent_clock_date(char text[32]);

#endif
