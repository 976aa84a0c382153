/* x86_64 only, interpreted only: loads and stores of lifted code do not check page protections */
#include "x86_64_fault.h"

int main(void) {
    catch_faults();
    page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(page + 4096, 4096, PROT_NONE);
    (void)*(volatile uint8_t *)page; /* from now on it is there */
    FAULT("write to a read-only page", page[12] = 1);
    FAULT("read of a closed page", (void)*(volatile uint8_t *)(page + 4097));
    uint8_t *kept = page;
    munmap(page, 8192);
    FAULT("read of a missing page", (void)*(volatile uint8_t *)(kept + 5));
    FAULT("address that is not canonical", (void)*(volatile uint8_t *)0x8000000000000000);
    return 0;
}
