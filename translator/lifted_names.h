/* Names of lifted functions in objects and modules: "g.0000_10a2c" is the code at 0x10a2c of file 0. */
#ifndef C2W_LIFTED_NAMES_H
#define C2W_LIFTED_NAMES_H

#define LIFTED_PREFIX "g."
#define LIFTED_FILE_MARK "@@@@" /* four digits of the file's number in hexadecimal */
#define LIFTED_FILES_MAX 0x10000u

#endif
