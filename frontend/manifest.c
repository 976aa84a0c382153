/* OCI and docker-save metadata: which layers, which configuration.
 * OCI image-spec v1: image-layout.md, image-index.md, manifest.md, config.md. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frontend.h"

#define MAX_JSON (4u << 20)
#define MAX_LAYERS 1000
#define MAX_INDEX_DEPTH 4
#define PLATFORM_SIZE 96

struct reader {
    struct tool *tool;
    struct store *store;
    struct image *image;
    char others[512]; /* platforms that are there and not wanted */
    json_t *chosen;   /* manifest descriptor, or NULL */
};

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

/* Parses a JSON member; the digest is checked when it is known. */
static json_t *load_json(struct reader *reader, const char *member, const struct digest *digest) {
    struct tool *tool = reader->tool;
    const char *name = reader->image->name, *reason;
    struct blob blob;
    if (!store_find(reader->store, member, &blob, &reason)) {
        fail(tool, name, "%s %s (is the image complete?)", member, reason);
        return NULL;
    }
    if (blob.size > MAX_JSON) {
        fail(tool, name, "%s is larger than %u MiB", member, MAX_JSON >> 20);
        return NULL;
    }
    char *text = allocate(blob.size + 1);
    size_t done = 0;
    while (done < blob.size) {
        ssize_t part = pread(blob.fd, text + done, blob.size - done, (off_t)(blob.offset + done));
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0) {
            fail(tool, name, "%s: cannot read: %s", member,
                 part ? strerror(errno) : "the file became shorter");
            return NULL;
        }
        done += (size_t)part;
    }
    struct hash *hash = hash_new();
    hash_add(hash, text, blob.size);
    if (!hash_matches(hash, digest)) {
        fail(tool, name,
             "%s does not have the digest it is named by (damaged image: fetch it again)", member);
        return NULL;
    }
    json_error_t error;
    json_t *json = json_loadb(text, blob.size, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (!json)
        fail(tool, name, "%s is no valid JSON: %s (line %d)", member, error.text, error.line);
    return json;
}

/* The blob that a descriptor names. */
static bool descriptor_member(struct reader *reader, const json_t *descriptor, char member[80],
                              struct digest *digest) {
    const char *text = text_of(descriptor, "digest");
    *digest = (struct digest){0};
    if (!text || !digest_parse(text, digest))
        return fail(reader->tool, reader->image->name,
                    "bad digest %.80s (only sha256:HEX is known)", text ? text : "(none)");
    memcpy(member, "blobs/sha256/", 13);
    digest_hex(digest, member + 13);
    return true;
}

/* "linux/arm64/v8" of a platform or configuration object; false when it says nothing. */
static bool platform_of(const json_t *object, char to[PLATFORM_SIZE]) {
    const char *os = text_of(object, "os"), *machine = text_of(object, "architecture");
    const char *variant = text_of(object, "variant");
    if (!os || !machine || !*os || !*machine)
        return false;
    snprintf(to, PLATFORM_SIZE, "%.30s/%.30s%s%.30s", os, machine, variant && *variant ? "/" : "",
             variant ? variant : "");
    return true;
}

static void remember_other(struct reader *reader, const char *platform) {
    size_t used = strlen(reader->others);
    if (!strstr(reader->others, platform))
        snprintf(reader->others + used, sizeof reader->others - used, "%s%s", used ? ", " : "",
                 platform);
}

/* Walks an index and chooses the manifest of the wanted platform. */
static bool choose_manifest(struct reader *reader, const json_t *index, const struct guest *wanted,
                            unsigned depth) {
    const char *name = reader->image->name;
    const json_t *manifests = json_object_get(index, "manifests");
    if (!json_is_array(manifests))
        return fail(reader->tool, name, "an image index without manifests (damaged image)");
    size_t i;
    json_t *descriptor;
    json_array_foreach(manifests, i, descriptor) {
        const char *type = text_of(descriptor, "mediaType");
        char member[80], platform[PLATFORM_SIZE];
        struct digest digest;
        if (!descriptor_member(reader, descriptor, member, &digest))
            return false;
        if (type && (strstr(type, "image.index") || strstr(type, "manifest.list"))) {
            if (depth == MAX_INDEX_DEPTH)
                return fail(reader->tool, name, "image indexes are nested too deeply");
            json_t *inner = load_json(reader, member, &digest);
            if (!inner || !choose_manifest(reader, inner, wanted, depth + 1))
                return false;
            continue;
        }
        bool said = platform_of(json_object_get(descriptor, "platform"), platform);
        if (!said) { /* then the configuration says it */
            json_t *manifest = load_json(reader, member, &digest);
            char config_member[80];
            if (!manifest)
                return false;
            json_t *config = json_object_get(manifest, "config");
            const char *config_type = text_of(config, "mediaType");
            if (config_type && !strstr(config_type, "image.config") &&
                !strstr(config_type, "container.image.v1"))
                continue; /* an artifact that is no image (signature, SBOM) */
            if (!descriptor_member(reader, config, config_member, &digest))
                return false;
            json_t *loaded = load_json(reader, config_member, &digest);
            if (!loaded)
                return false;
            said = platform_of(loaded, platform);
        }
        if (said && strcmp(platform, wanted->platform) != 0) {
            if (strncmp(platform, "unknown/", 8) != 0) /* attestations */
                remember_other(reader, platform);
            continue;
        }
        if (reader->chosen &&
            strcmp(text_of(reader->chosen, "digest"), text_of(descriptor, "digest")) != 0)
            return fail(reader->tool, name, "holds several %s images (save one image alone)",
                        wanted->platform);
        reader->chosen = descriptor;
    }
    return true;
}

static void read_words(const json_t *array, struct words *words) {
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item) if (json_is_string(item))
        words_add(words, json_string_value(item));
}

static bool word_list_ok(const json_t *value) {
    size_t i;
    json_t *item;
    if (value && !json_is_null(value) && !json_is_array(value))
        return false;
    json_array_foreach(value, i, item) if (!json_is_string(item)) return false;
    return true;
}

static bool read_config(struct reader *reader, const json_t *json, const char *member) {
    struct image *image = reader->image;
    struct container *container = &image->container;
    char platform[PLATFORM_SIZE];
    bool said = platform_of(json, platform);
    if (said && !image->guest && !(image->guest = guest_of_platform(platform)))
        return fail(reader->tool, image->name,
                    "is an image for %s, not for %s or %s (get the image for one of them)", platform,
                    guests[0].platform, guests[1].platform);
    if (said && strcmp(platform, image->guest->platform) != 0)
        return fail(reader->tool, image->name, "is an image for %s, not for %s (%s%s)", platform,
                    image->guest->platform,
                    guest_of_platform(platform) ? "use --platform "
                                                : "get the image for that platform",
                    guest_of_platform(platform) ? platform : "");
    const json_t *config = json_object_get(json, "config");
    static const char *const lists[] = {"Entrypoint", "Cmd", "Env"};
    for (size_t i = 0; i < 3; i++)
        if (!word_list_ok(json_object_get(config, lists[i])))
            return fail(reader->tool, image->name, "%s: %s is no list of strings (damaged image)",
                        member, lists[i]);
    read_words(json_object_get(config, "Entrypoint"), &container->entrypoint);
    read_words(json_object_get(config, "Cmd"), &container->cmd);
    read_words(json_object_get(config, "Env"), &container->env);
    const char *directory = text_of(config, "WorkingDir"), *user = text_of(config, "User");
    container->working_directory = copy_string(directory ? directory : "");
    container->user = copy_string(user ? user : "");
    return true;
}

/* Unpacks the layers in their order. */
static bool apply_layers(struct reader *reader, const json_t *layers, const json_t *config,
                         bool named_by_digest) {
    struct image *image = reader->image;
    const json_t *diff_ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
    size_t count = json_array_size(layers), i;
    if (!json_is_array(layers) || count > MAX_LAYERS)
        return fail(reader->tool, image->name, "has %s", layers ? "too many layers" : "no layers");
    if (diff_ids && json_array_size(diff_ids) != count)
        return fail(reader->tool, image->name,
                    "the configuration names %zu layers, the manifest %zu (damaged image)",
                    json_array_size(diff_ids), count);
    image->layer_count = count;
    uint64_t unpacked = 0;
    json_t *item;
    json_array_foreach(layers, i, item) {
        struct layer layer = {.name = format_string("layer %zu of %zu", i + 1, count)};
        char digest_name[80];
        const char *member, *reason;
        if (named_by_digest) {
            const char *type = text_of(item, "mediaType");
            if (type && strstr(type, "+encrypted"))
                return fail(reader->tool, image->name, "%s is encrypted (decrypt the image first)",
                            layer.name);
            if (!descriptor_member(reader, item, digest_name, &layer.digest))
                return false;
            member = digest_name;
        } else
            member = json_string_value(item);
        if (!member)
            return fail(reader->tool, image->name, "%s has no name (damaged image)", layer.name);
        const char *diff_id = json_string_value(json_array_get(diff_ids, i));
        if (diff_id && !digest_parse(diff_id, &layer.diff_id))
            return fail(reader->tool, image->name, "%s: bad diff_id %.80s", layer.name, diff_id);
        if (!store_find(reader->store, member, &layer.blob, &reason))
            return fail(reader->tool, image->name, "%s: %s %s (is the image complete?)", layer.name,
                        member, reason);
        const json_t *size = named_by_digest ? json_object_get(item, "size") : NULL;
        if (json_is_integer(size) && (uint64_t)json_integer_value(size) != layer.blob.size)
            return fail(reader->tool, image->name,
                        "%s has %llu bytes, the manifest says %lld (damaged image: fetch it again)",
                        layer.name, (unsigned long long)layer.blob.size,
                        (long long)json_integer_value(size));
        if (!layer_apply(reader->tool, image->name, &layer, (uint32_t)i + 1, image->tree,
                         &unpacked))
            return false;
        free(layer.name);
    }
    return true;
}

static bool load_oci(struct reader *reader) {
    struct image *image = reader->image;
    struct digest unknown = {0}, digest;
    char member[80];
    json_t *index = load_json(reader, "index.json", &unknown);
    if (!index)
        return false;
    for (size_t i = 0; i < GUEST_COUNT && !reader->chosen; i++) {
        if (image->guest && image->guest != &guests[i])
            continue;
        reader->others[0] = 0;
        if (!choose_manifest(reader, index, &guests[i], 0))
            return false;
    }
    if (!reader->chosen && image->guest)
        return fail(reader->tool, image->name, "has no %s image, only %s%s",
                    image->guest->platform, reader->others[0] ? reader->others : "none",
                    reader->others[0] ? " (use --platform, or get the image for that platform)"
                                      : "");
    if (!reader->chosen)
        return fail(reader->tool, image->name, "has no %s or %s image, only %s", guests[0].platform,
                    guests[1].platform, reader->others[0] ? reader->others : "none");
    if (!descriptor_member(reader, reader->chosen, member, &digest))
        return false;
    json_t *manifest = load_json(reader, member, &digest);
    if (!manifest ||
        !descriptor_member(reader, json_object_get(manifest, "config"), member, &digest))
        return false;
    json_t *config = load_json(reader, member, &digest);
    return config && read_config(reader, config, member) &&
           apply_layers(reader, json_object_get(manifest, "layers"), config, true);
}

static bool load_docker(struct reader *reader) {
    struct image *image = reader->image;
    struct digest unknown = {0};
    json_t *list = load_json(reader, "manifest.json", &unknown);
    if (!list)
        return false;
    if (!json_is_array(list) || json_array_size(list) == 0)
        return fail(reader->tool, image->name, "manifest.json lists no image (damaged image)");
    if (json_array_size(list) > 1)
        return fail(reader->tool, image->name, "holds %zu images (save one image alone)",
                    json_array_size(list));
    const json_t *entry = json_array_get(list, 0);
    const char *member = text_of(entry, "Config");
    if (!member)
        return fail(reader->tool, image->name, "manifest.json names no Config (damaged image)");
    /* The configuration is named by its digest: HEX.json or blobs/sha256/HEX. */
    struct digest digest = {0};
    const char *base = strrchr(member, '/');
    base = base ? base + 1 : member;
    if (strlen(base) >= 64) {
        char text[80];
        snprintf(text, sizeof text, "sha256:%.64s", base);
        digest_parse(text, &digest);
    }
    json_t *config = load_json(reader, member, &digest);
    return config && read_config(reader, config, member) &&
           apply_layers(reader, json_object_get(entry, "Layers"), config, false);
}

bool manifest_load(struct tool *tool, struct store *store, struct image *image) {
    struct reader reader = {.tool = tool, .store = store, .image = image};
    return image->kind == IMAGE_OCI ? load_oci(&reader) : load_docker(&reader);
}
