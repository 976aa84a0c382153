/* POSIX threads: creation, joining, mutexes, conditions, thread-local storage, signals. */
#include "guest.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#define THREADS 8

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore;
static int counter, turn;
static __thread int own = 3;
static volatile sig_atomic_t handled;
static pthread_key_t key;
static int destroyed;

static void *count(void *argument) {
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        __atomic_fetch_add(&turn, 1, __ATOMIC_SEQ_CST);
    }
    own += (int)(long)argument;
    return (void *)(long)own;
}

static void counting(void) {
    pthread_t threads[THREADS];
    long sum = 0;
    for (long i = 0; i < THREADS; i++)
        printf("create: %d\n", pthread_create(&threads[i], NULL, count, (void *)i));
    for (int i = 0; i < THREADS; i++) {
        void *value;
        pthread_join(threads[i], &value);
        sum += (long)value;
    }
    printf("counter %d %d, sum %ld, own %d\n", counter, turn, sum, own);
}

static void *take_turns(void *argument) {
    long me = (long)argument;
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != me)
            pthread_cond_wait(&condition, &mutex);
        turn = (int)(me + 1) % 3;
        counter = counter * 3 + (int)me;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void conditions(void) {
    pthread_t threads[3];
    turn = counter = 0;
    pthread_barrier_init(&barrier, NULL, 4);
    for (long i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, take_turns, (void *)i);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    printf("turns %u\n", (unsigned)counter);
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 20000000;
    if (soon.tv_nsec >= 1000000000) {
        soon.tv_sec++;
        soon.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&mutex);
    printf("timed wait: %s\n", error_name(pthread_cond_timedwait(&condition, &mutex, &soon)));
    pthread_mutex_unlock(&mutex);
}

static void *spin(void *argument) {
    volatile int *stop = argument;
    while (!*stop) /* without a system call: the others run all the same */
        ;
    return NULL;
}

static void preemption(void) {
    pthread_t thread;
    volatile int stop = 0;
    pthread_create(&thread, NULL, spin, (void *)&stop);
    usleep(10000);
    stop = 1;
    printf("join: %d\n", pthread_join(thread, NULL));
}

static void handle(int number) {
    (void)number;
    handled++;
}

static void *post(void *argument) {
    (void)argument;
    sem_wait(&semaphore);
    pthread_kill(pthread_self(), SIGUSR1);
    return NULL;
}

static void signals(void) {
    pthread_t thread;
    struct sigaction action = {.sa_handler = handle};
    sigaction(SIGUSR1, &action, NULL);
    sem_init(&semaphore, 0, 0);
    pthread_create(&thread, NULL, post, NULL);
    sem_post(&semaphore);
    pthread_join(thread, NULL);
    printf("handled %d\n", handled);
}

static void destroy(void *value) { destroyed += *(int *)value; }

static void *specific(void *argument) {
    pthread_setspecific(key, argument);
    return pthread_getspecific(key);
}

static void specifics(void) {
    pthread_t thread;
    int value = 11;
    pthread_key_create(&key, destroy);
    pthread_create(&thread, NULL, specific, &value);
    pthread_join(thread, NULL);
    printf("destroyed %d\n", destroyed);
}

static void *forks(void *argument) {
    (void)argument;
    pid_t pid = fork();
    if (pid == 0)
        _exit(23);
    int status = 0;
    waitpid(pid, &status, 0);
    return (void *)(long)WEXITSTATUS(status);
}

static void *exits_process(void *argument) {
    (void)argument;
    printf("exit from a thread\n");
    exit(6);
}

int main(void) {
    pthread_t thread;
    void *value;
    counting();
    conditions();
    preemption();
    signals();
    specifics();
    fflush(stdout);
    pthread_create(&thread, NULL, forks, NULL);
    pthread_join(thread, &value);
    printf("fork in a thread: %ld\n", (long)value);
    pthread_create(&thread, NULL, exits_process, NULL);
    pause();
    return 0;
}
