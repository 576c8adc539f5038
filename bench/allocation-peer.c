/* The peer of bench/allocation.ts: exact largest remainder in plain C, products of 64 or 128 bits, and a quickselect of the remainders.
 * Arguments: members intervals demandMaxMwh. Prints nanoseconds per cell and a checksum of all shares. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PATTERN 96

typedef struct {
  int64_t remainder;
  int64_t member;
} candidate;

/* Largest remainder first, then the lower position. */
static int by_remainder(const void *a, const void *b) {
  const candidate *x = a, *y = b;
  if (x->remainder != y->remainder) return x->remainder > y->remainder ? -1 : 1;
  return (x->member > y->member) - (x->member < y->member);
}

static void select_first(candidate *c, int64_t n, int64_t k);

static void share(const int64_t *demand, int64_t n, int64_t total, int64_t *out, candidate *work) {
  int64_t sum = 0, given = 0;
  for (int64_t i = 0; i < n; i++) sum += demand[i];
  if (sum == 0) {
    for (int64_t i = 0; i < n; i++) out[i] = 0;
    return;
  }
  int is_small = 1;
  for (int64_t i = 0; i < n; i++) is_small &= demand[i] == 0 || total <= INT64_MAX / demand[i];
  for (int64_t i = 0; i < n; i++) {
    int64_t quotient;
    if (is_small) {
      int64_t product = total * demand[i];
      quotient = product / sum;
      work[i].remainder = product - quotient * sum;
    } else {
      __int128 product = (__int128)total * demand[i];
      quotient = (int64_t)(product / sum);
      work[i].remainder = (int64_t)(product - (__int128)quotient * sum);
    }
    work[i].member = i;
    out[i] = quotient;
    given += quotient;
  }
  int64_t left = total - given;
  if (left == 0) return;
  /* Quickselect: the `left` first in order of remainder, without sorting the rest. */
  select_first(work, n, left);
  for (int64_t k = 0; k < left; k++) out[work[k].member] += 1;
}

static void swap(candidate *a, candidate *b) {
  candidate c = *a;
  *a = *b;
  *b = c;
}

/* Hoare's selection with the median of three; afterwards the first k are those that sort first. */
static void select_first(candidate *c, int64_t n, int64_t k) {
  int64_t low = 0, high = n - 1;
  while (high > low) {
    if (high - low < 16) {
      qsort(c + low, (size_t)(high - low + 1), sizeof *c, by_remainder);
      break;
    }
    int64_t middle = low + (high - low) / 2;
    if (by_remainder(&c[middle], &c[low]) < 0) swap(&c[middle], &c[low]);
    if (by_remainder(&c[high], &c[low]) < 0) swap(&c[high], &c[low]);
    if (by_remainder(&c[high], &c[middle]) < 0) swap(&c[high], &c[middle]);
    candidate pivot = c[middle];
    int64_t i = low, j = high;
    while (i <= j) {
      while (by_remainder(&c[i], &pivot) < 0) i++;
      while (by_remainder(&c[j], &pivot) > 0) j--;
      if (i <= j) swap(&c[i++], &c[j--]);
    }
    if (k - 1 <= j) high = j;
    else if (k - 1 >= i) low = i;
    else break;
  }
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int64_t members = atoll(argv[1]), intervals = atoll(argv[2]), demand_max = atoll(argv[3]);
  int64_t *demand = malloc(sizeof *demand * (size_t)(members * PATTERN));
  int64_t *out = malloc(sizeof *out * (size_t)members);
  int64_t *totals = calloc((size_t)members, sizeof *totals);
  candidate *work = malloc(sizeof *work * (size_t)members);
  if (!demand || !out || !totals || !work) return 1;
  uint32_t state = 12345;
  for (int64_t i = 0; i < members * PATTERN; i++) {
    state = state * 1664525u + 1013904223u;
    demand[i] = (int64_t)((double)state / 4294967296.0 * (double)demand_max);
  }
  struct timespec began, ended;
  clock_gettime(CLOCK_MONOTONIC, &began);
  for (int64_t t = 0; t < intervals; t++) {
    const int64_t *block = demand + (t % PATTERN) * members;
    int64_t sum = 0;
    for (int64_t i = 0; i < members; i++) sum += block[i];
    int64_t production = (int64_t)((double)sum * 0.9 * ((double)((t * 40503) % 65536) / 65536.0));
    share(block, members, production, out, work);
    for (int64_t i = 0; i < members; i++) totals[i] += out[i];
  }
  clock_gettime(CLOCK_MONOTONIC, &ended);
  double ns = (double)(ended.tv_sec - began.tv_sec) * 1e9 + (double)(ended.tv_nsec - began.tv_nsec);
  int64_t checksum = 0;
  for (int64_t i = 0; i < members; i++) checksum = (checksum * 31 + totals[i] % 1000003) % 1000000007;
  printf("%.4f %lld\n", ns / ((double)members * (double)intervals), (long long)checksum);
  return 0;
}
