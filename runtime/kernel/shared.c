/* Shared memory: each shared object (part of a file, or anonymous memory that fork shares) has one
 * home address, which every mapper gets.  Its pages are never swapped.  Stores reach the file on
 * msync, munmap and exit, and before it is read; writes to the file reach the mapping. */
#include <string.h>

#include "mm.h"
#include "vfs.h"

struct shared_object {
    struct shared_object *next;
    uint32_t start, end; /* home */
    uint32_t references; /* VMAs, or parts of them */
    struct file *file;   /* reference held; NULL for anonymous memory */
    uint64_t device, inode, file_offset;
};

static struct shared_object *objects;

static struct shared_object *find_object(uint32_t address) {
    for (struct shared_object *object = objects; object; object = object->next)
        if (address >= object->start && address < object->end)
            return object;
    return NULL;
}

bool shared_overlap(uint32_t start, uint32_t end, uint32_t *overlap_end) {
    for (struct shared_object *object = objects; object; object = object->next)
        if (object->start < end && object->end > start) {
            *overlap_end = object->end;
            return true;
        }
    return false;
}

/* The first object of a file, from `at` on. */
static struct shared_object *first_of(struct shared_object *at, uint64_t device, uint64_t inode) {
    while (at && !(at->file && at->device == device && at->inode == inode))
        at = at->next;
    return at;
}

/* The object that holds [offset, offset + size) of the file, if it is mapped; `conflict` when only
 * a part of it is. */
static struct shared_object *find_file(const struct mapping *mapping, uint32_t size,
                                       bool *conflict) {
    uint64_t device, inode;
    file_identity(mapping->file, &device, &inode);
    for (struct shared_object *object = first_of(objects, device, inode); object;
         object = first_of(object->next, device, inode)) {
        uint64_t object_end = object->file_offset + (object->end - object->start);
        if (mapping->file_offset >= object->file_offset &&
            mapping->file_offset + size <= object_end)
            return object;
        if (mapping->file_offset < object_end && mapping->file_offset + size > object->file_offset)
            *conflict = true;
    }
    return NULL;
}

static int create(struct mm *mm, uint32_t start, uint32_t size, const struct mapping *mapping,
                  struct shared_object **result) {
    if (host_grow_memory((uint64_t)start + size))
        return -ENOMEM;
    /* What other address spaces have there goes to their shadows, as for any mapping. */
    int error = mm_claim(mm, start, start + size);
    if (error)
        return error;
    struct shared_object *object = heap_alloc(sizeof *object);
    object->start = start;
    object->end = start + size;
    mm_share_pages(start, start + size);
    if (mapping->file) {
        struct vma whole = {.start = start,
                            .end = start + size,
                            .file = mapping->file,
                            .file_offset = mapping->file_offset};
        error = mm_read_file(&whole, start, start + size);
        if (error) {
            mm_unshare_pages(start, start + size);
            heap_free(object);
            return error;
        }
        object->file = file_get(mapping->file);
        object->file_offset = mapping->file_offset;
        file_identity(mapping->file, &object->device, &object->inode);
    }
    object->next = objects;
    objects = object;
    *result = object;
    return 0;
}

/* Stores are written back through a file that is open for writing. */
static void keep_file(struct shared_object *object, struct file *file) {
    file_get(file);
    file_put(object->file);
    object->file = file;
}

int64_t shared_map(struct mm *mm, uint32_t address, bool fixed, uint32_t size,
                   const struct mapping *mapping) {
    bool conflict = false;
    struct shared_object *object = mapping->file ? find_file(mapping, size, &conflict) : NULL;
    uint32_t start = address;
    if (object) {
        start = object->start + (uint32_t)(mapping->file_offset - object->file_offset);
        if (fixed && start != address)
            return -ENOMEM;
        if (!fixed && !mm_is_free(mm, start, start + size))
            return -ENOMEM; /* a second mapping of the same page */
    } else {
        uint32_t unused;
        if (conflict)
            return -ENOMEM;
        if (!fixed)
            start = mm_find_gap(mm, size, false);
        if (!start || (fixed && shared_overlap(start, start + size, &unused)))
            return -ENOMEM;
    }
    if (fixed) {
        if (object)
            object->references++;
        mm_unmap(mm, start, start + size);
        if (object)
            object->references--;
    }
    if (!object) {
        int error = create(mm, start, size, mapping, &object);
        if (error)
            return error;
    }
    object->references++;
    if (mapping->file && (mapping->file->flags & O_ACCMODE) == O_RDWR)
        keep_file(object, mapping->file);
    int error = mm_map(mm, start, start + size, mapping);
    return error ? error : (int64_t)start;
}

void shared_get(const struct vma *vma) {
    struct shared_object *object = find_object(vma->start);
    if (object)
        object->references++;
}

void shared_put(const struct vma *vma) {
    struct shared_object *object = find_object(vma->start);
    if (!object)
        return;
    shared_sync(vma, vma->start, vma->end);
    if (--object->references)
        return;
    struct shared_object **link = &objects;
    while (*link != object)
        link = &(*link)->next;
    *link = object->next;
    mm_unshare_pages(object->start, object->end);
    if (object->file)
        file_put(object->file);
    heap_free(object);
}

static struct shared_object *next_of_file(struct shared_object *at, struct file *file) {
    uint64_t device, inode;
    if (!at)
        return NULL;
    file_identity(file, &device, &inode);
    return first_of(at, device, inode);
}

/* Writes the pages that differ from the file; the others must not change its times. */
static int write_back(struct shared_object *object, uint32_t start, uint32_t end) {
    static bool is_writing; /* the file calls back before it is read */
    uint64_t size = file_size(object->file);
    int error = 0;
    if (is_writing || (object->file->flags & O_ACCMODE) != O_RDWR)
        return 0;
    is_writing = true;
    for (uint32_t page = start; page < end && !error; page += PAGE_SIZE) {
        uint8_t old[PAGE_SIZE];
        uint64_t offset = object->file_offset + (page - object->start);
        if (offset >= size)
            break;
        size_t length = size - offset < PAGE_SIZE ? (size_t)(size - offset) : PAGE_SIZE;
        int64_t n = file_read_at(object->file, old, length, offset);
        if (n != (int64_t)length || memcmp(old, guest_pointer(page), length) != 0)
            n = file_write_at(object->file, guest_pointer(page), length, offset);
        error = n < 0 ? (int)n : 0;
    }
    is_writing = false;
    return error;
}

void shared_before_read(struct file *file) {
    for (struct shared_object *object = next_of_file(objects, file); object;
         object = next_of_file(object->next, file))
        write_back(object, object->start, object->end);
}

void shared_after_write(struct file *file, const void *from, uint64_t length, uint64_t offset) {
    for (struct shared_object *object = next_of_file(objects, file); object;
         object = next_of_file(object->next, file)) {
        uint64_t end = object->file_offset + (object->end - object->start);
        uint64_t first = offset > object->file_offset ? offset : object->file_offset;
        uint64_t last = offset + length < end ? offset + length : end;
        if (first < last)
            memmove(guest_pointer(object->start + (first - object->file_offset)),
                    (const uint8_t *)from + (first - offset), last - first);
    }
}

void shared_after_cut(const struct inode *inode, uint64_t offset, uint64_t length) {
    uint64_t device = inode_device_number(inode);
    for (struct shared_object *object = first_of(objects, device, inode->ino); object;
         object = first_of(object->next, device, inode->ino)) {
        uint64_t end = object->file_offset + (object->end - object->start);
        uint64_t first = offset > object->file_offset ? offset : object->file_offset;
        uint64_t last = length < end - offset ? offset + length : end;
        if (offset < end && first < last)
            memset(guest_pointer(object->start + (first - object->file_offset)), 0,
                   (size_t)(last - first));
    }
}

int shared_sync(const struct vma *vma, uint32_t start, uint32_t end) {
    struct shared_object *object = find_object(vma->start);
    if (!object || !object->file || !vma->ever_writable)
        return 0;
    return write_back(object, start, end);
}
