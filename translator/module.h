/* WebAssembly modules as files: sections are copied, measured and added (WebAssembly core
 * specification 2.0, section 5.5); register_globals.h changes the code. */
#ifndef C2W_MODULE_H
#define C2W_MODULE_H

#include "translator.h"

/* Writes the file `to`: the module `from` with guest registers in globals and the contents of the
 * file `image` as passive data segment 0, in front of its own segments, and a DataCount section.  The
 * "name" section is kept, with the segment numbers in it corrected, or left out.  On failure `to`
 * is removed again. */
bool module_add_image(const char *from, const char *image, bool strip_names, const char *to,
                      struct link_report *report, char *error, size_t error_size);

#endif
