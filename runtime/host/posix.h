/* What the files of the native backend share. */
#ifndef C2W_POSIX_H
#define C2W_POSIX_H

struct host_stat;
struct stat;

/* Maps the root file system image; prints one line and exits with 1 on failure. */
void posix_open_image(const char *path);
/* Makes the host directory a preopen.  `name` (the guest path) stays the
 * caller's and lives until the end.  Exits with 1 if it cannot be opened. */
void posix_add_preopen(const char *directory, const char *name);
void posix_set_args(char **args, unsigned count);
void posix_add_env(char *entry);
void posix_convert_stat(const struct stat *from, struct host_stat *to);

#endif
