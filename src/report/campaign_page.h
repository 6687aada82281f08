/* What the pages of sweeps and studies share.  Local. */
#ifndef ENTENTE_REPORT_CAMPAIGN_PAGE_H
#define ENTENTE_REPORT_CAMPAIGN_PAGE_H

#include "report_csv.h"
#include "report/draw/chart.h"

enum { CAMPAIGN_BASES = 16 };

/* What <table>.h5 says about the points; what it lacks is NULL. */
typedef struct {
    char *version, *spec, *base[CAMPAIGN_BASES];
    int bases;
    int64_t columns, data;
    char **column, **scale; /* [columns] */
    char **file, **label;   /* [data] */
    char *why_not;          /* the reason why it could not be read */
} campaign_origin;

/* Never fails: a file that is missing or damaged leaves a reason in why_not. */
void campaign_origin_read(const char *folder, const char *table, campaign_origin *out);
void campaign_origin_clear(campaign_origin *origin);
/* A paragraph at the head of the page, and the base configuration at its end. */
void campaign_origin_head(draw_page *page, const campaign_origin *origin);
void campaign_origin_base(draw_page *page, const campaign_origin *origin);
/* How the values of a column are given (points.h), or "". */
const char *campaign_origin_scale(const campaign_origin *origin, const char *column);

/* Points whose status is done. */
int64_t campaign_points_done(const report_csv *points);

/* The table itself, without hashes and empty columns. */
void campaign_print_csv(draw_page *page, const char *title, const char *caption, const report_csv *csv);

/* The readable name of a metric; its unit. */
const char *campaign_metric_text(const char *name);
const char *campaign_metric_unit(const char *name);

/* report_study.c, report_sweep.c.  Errors: ENT_EFORMAT. */
ent_status report_study(draw_page *page, const char *folder, const report_csv *points, const campaign_origin *origin);
ent_status report_sweep(draw_page *page, const char *folder, const report_csv *points, const campaign_origin *origin);

#endif
