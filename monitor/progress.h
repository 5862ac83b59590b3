/* SPDX-License-Identifier: MIT */
#ifndef MONITOR_PROGRESS_H
#define MONITOR_PROGRESS_H

/*
 * While something runs that may take long, prints `what` and the elapsed time every second. No
 * line appears for what is quicker. Does nothing when the machine gives no timer. Not nested.
 */
void progress_begin(const char *what);
void progress_end(void);

#endif
