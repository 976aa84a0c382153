/* What the tool and the runtime agree on about profiles (frontend/profile.md has the format). */
#ifndef C2W_PROFILE_FORMAT_H
#define C2W_PROFILE_FORMAT_H

#define PROFILE_HEADER "c2w-profile 1"
/* Where `run` mounts the profile's directory: the guest does not see it. */
#define PROFILE_MOUNT "/.c2w-profile"

#endif
