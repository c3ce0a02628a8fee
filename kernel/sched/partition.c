/* SPDX-License-Identifier: Apache-2.0 */
/* Adaptive partitions: what each account has used in the window, and what it may use yet. */
#include "partition.h"
#include "arch.h"
#include "cpu.h"
#include "rq.h"
#include "thread.h"

#define SLOTS   100u /* of a window */
#define SAMPLES (SLOTS + 2)

/* What an account has used of late; modulo 2^32 ticks, which is more than a window. */
struct history {
	uint64_t last, last_total; /* when the newest sample was taken, and what it is */
	uint32_t version;          /* of the settings */
	uint32_t first, count;
	uint32_t at[SAMPLES], total[SAMPLES];
};

static struct history histories[ACCOUNTS];

uint32_t partitions_open;

struct partitions partitions = {
    .of[0] = {PARTITION_PERCENT, PARTITION_PERCENT, 0},
    .window_ms = 100,
    .lock = LOCK_INIT(RANK_PARTITION),
};

/* ---- what was used ---- */

/* The time in which a CPU was not idle, up to `now`: what accounts are counted by. */
static uint64_t busy_time(const struct cpu *c, uint64_t now)
{
	return now - cpu_idle_ticks(c, now);
}

/* Of a running one, up to now. */
static uint64_t spent_on(const struct cpu *c, unsigned account, uint64_t now)
{
	int64_t spent = READ_ONCE(c->share.spent[account]);

	return (uint64_t)spent + (spent < 0 ? busy_time(c, now) : 0);
}

/* A partition's time has that of its critical threads in it. */
static uint64_t total_of(unsigned account, uint64_t now)
{
	uint64_t total = 0;

	for_each_bit (i, partitions.shared) {
		total += spent_on(&cpus[i], account, now);
		if (account < ACCOUNT_CRITICAL)
			total += spent_on(&cpus[i], account + ACCOUNT_CRITICAL, now);
	}
	return total;
}

/* value * part / whole, where part is at most whole; both are shortened to 32 bits first. */
static uint64_t fraction(uint64_t value, uint64_t part, uint64_t whole)
{
	unsigned beyond = whole >> 32 ? 32 - (unsigned)__builtin_clzll(whole) : 0;
	uint64_t factor = whole ? ((part >> beyond) << 32) / (whole >> beyond) : 0;

	return (uint64_t)((unsigned __int128)value * factor >> 32);
}

static unsigned after(unsigned at)
{
	return at + 1 < SAMPLES ? at + 1 : 0;
}

static void add_sample(struct history *h, uint64_t at, uint64_t total)
{
	unsigned i = (h->first + h->count) % SAMPLES;

	if (h->count == SAMPLES)
		h->first = after(h->first);
	else
		h->count++;
	h->at[i] = (uint32_t)at;
	h->total[i] = (uint32_t)total;
	h->last = at;
	h->last_total = total;
}

/* What had been used when the window began, between the two samples around that time. */
static uint32_t base_of(struct history *h, uint32_t since)
{
	unsigned next = after(h->first);

	while (h->count > 2 && (int32_t)(h->at[next] - since) <= 0) {
		h->first = next;
		h->count--;
		next = after(next);
	}
	if (h->count < 2 || (int32_t)(since - h->at[h->first]) <= 0)
		return h->total[h->first];
	return h->total[h->first] + (uint32_t)fraction(h->total[next] - h->total[h->first], since - h->at[h->first],
						       h->at[next] - h->at[h->first]);
}

/* Since a moment in the last window. After a time without samples, all of that time was alike. */
static uint64_t used_since(unsigned account, uint64_t since, uint64_t now)
{
	struct history *h = &histories[account];
	uint64_t window = partitions.window, total = total_of(account, now);
	uint64_t passed;

	if (unlikely(h->version != partitions.version))
		*h = (struct history){.version = partitions.version, .last = now, .last_total = total};
	passed = now > h->last ? now - h->last : 0;
	if (total < h->last_total)
		total = h->last_total; /* the counters of CPUs differ a little */
	if (passed >= window) {
		uint64_t used = fraction(total - h->last_total, window, passed);

		h->count = h->first = 0;
		add_sample(h, now - window, total - used);
	}
	if (passed)
		add_sample(h, now, total);
	return (uint32_t)total - base_of(h, (uint32_t)since);
}

/* ---- what may be used ---- */

/* Of all shared CPUs, in a window. */
static uint64_t all_time(void)
{
	uint64_t all = 0;

	for (uint32_t shared = partitions.shared; shared; shared &= shared - 1)
		all += partitions.window;
	return all;
}

/* Partitions whose threads run or wait, by what CPUs show without their locks. */
static uint64_t busy_ones(void)
{
	uint64_t busy = 0;

	for_each_bit (i, partitions.shared) {
		const struct cpu *c = &cpus[i];
		const struct thread *next = READ_ONCE(c->next);

		busy |= READ_ONCE(c->rank) ? BIT(READ_ONCE(c->share.bill)) : 0;
		busy |= next ? BIT(READ_ONCE(next->account)) : 0;
		for_each_bit (k, READ_ONCE(c->rq.kinds))
			busy |= READ_ONCE(c->rq.lane[k].used);
	}
	return (busy | busy >> ACCOUNT_CRITICAL) & UINT32_MAX;
}

/* By ratio: who is busy, or was in this window, has a part of all time, as its budget is of all of theirs. */
static uint64_t with_free_time(unsigned account, uint64_t used)
{
	uint64_t all = all_time(), sum = 0, busy = busy_ones() | (used ? BIT(account) : 0);

	for_each_bit (a, busy)
		sum += partitions.budget[a];
	return sum && (busy & BIT(account)) ? fraction(all, partitions.budget[account], sum)
					    : partitions.budget[account];
}

/* As if the slot were over: with what is dealt out now, the window that ends then has no more than the budget. */
static void sample(unsigned account, uint64_t now)
{
	uint64_t used = used_since(account, partitions.slot_end - partitions.window, now);
	uint64_t budget = partitions.budget[account];

	if ((partitions.policy & PARTITION_POLICY_RATIO) && account < ACCOUNT_CRITICAL)
		budget = with_free_time(account, used);
	partitions.pool[account] = budget > used ? budget - used : 0;
	partitions.sampled |= BIT(account);
}

static void begin_slot(uint64_t now)
{
	if (now < partitions.slot_end)
		return;
	partitions.slot_end = now + partitions.window / SLOTS;
	partitions.sampled = 0;
}

static unsigned rank_here(const struct share *s, unsigned account)
{
	if (s->good & BIT(account))
		return (account < ACCOUNT_CRITICAL ? LEVEL_BUDGET : LEVEL_CRITICAL) << RANK_SHIFT;
	account %= ACCOUNT_CRITICAL;
	if (s->good & BIT(account))
		return LEVEL_BUDGET << RANK_SHIFT;
	return (partitions.with_budget & BIT(account) ? LEVEL_OVER : LEVEL_ZERO) << RANK_SHIFT;
}

static void set_good(struct cpu *c, uint64_t good)
{
	struct share *s = &c->share;
	uint64_t changed = s->good ^ good;

	s->good = good;
	for_each_bit (a, changed | changed << ACCOUNT_CRITICAL)
		WRITE_ONCE(s->rank[a], rank_here(s, (unsigned)a));
	if (changed)
		rq_set_top(c);
}

/* One partition has all, and a CPU that is not shared is nobody's business. */
static bool is_divided(const struct cpu *c)
{
	return partitions.active && (partitions.shared & BIT(c->id));
}

static void set_decide(struct share *s, uint64_t at)
{
	s->decide = at;
	s->decide_ns = at == NEVER ? NEVER : arch_clock_ns(at) + 1;
}

/* `bill` begins, or goes on. Without a budget it goes on until there may be one again. */
static void begin_portion(struct share *s, uint64_t now)
{
	uint64_t left = s->left[s->bill];

	if (left == NEVER || s->bill == NOBODY)
		set_decide(s, NEVER);
	else
		set_decide(s, s->good & BIT(s->bill) ? now + left : s->slot_end);
}

static void end_portion(struct share *s, uint64_t now)
{
	if (s->decide != NEVER && s->bill != NOBODY && (s->good & BIT(s->bill)))
		s->left[s->bill] = s->decide > now ? s->decide - now : 0;
}

/* Without portions there are no samples: one a slot, so that it is known when the time was used. */
static void note(unsigned account, uint64_t now)
{
	if (now - READ_ONCE(histories[account].last) < partitions.window / SLOTS)
		return;
	lock_acquire(&partitions.lock);
	(void)used_since(account, now - partitions.window, now);
	lock_release(&partitions.lock);
}

static void bill_to(struct cpu *c, unsigned account, uint64_t now)
{
	struct share *s = &c->share;
	int64_t busy = (int64_t)busy_time(c, now);
	bool open = s->decide == NEVER && s->slot_end != NEVER;

	if (open) {
		note(s->bill, now);
		note(account, now);
	}
	end_portion(s, now);
	WRITE_ONCE(s->spent[s->bill], s->spent[s->bill] + busy);
	s->bill = account;
	WRITE_ONCE(s->spent[account], s->spent[account] - busy);
	if (!open)
		begin_portion(s, now);
}

/* Nobody runs: who comes begins with a decision, and until then no timer is needed. */
static void bill_nobody(struct cpu *c, uint64_t now)
{
	struct share *s = &c->share;

	if (s->bill == NOBODY)
		return;
	s->decide = 0;
	bill_to(c, NOBODY, now);
	s->decide = 0;
	s->decide_ns = NEVER;
}

/* Critical time that there is none of is the partition's. */
void partition_switch(struct cpu *c, unsigned account)
{
	struct share *s = &c->share;

	if (account >= ACCOUNT_CRITICAL && !(s->good & BIT(account)))
		account -= ACCOUNT_CRITICAL;
	if (account == s->bill)
		return;
	bill_to(c, account, c->run_start);
	if (unlikely(s->decide <= c->run_start))
		c->own |= ATTENTION_LOOK;
}

static void renew(struct cpu *c, uint64_t now)
{
	struct share *s = &c->share;
	bool divided = is_divided(c);
	uint64_t good;

	if (divided) {
		lock_acquire(&partitions.lock);
		begin_slot(now);
		lock_release(&partitions.lock);
	}
	good = divided ? partitions.with_budget : (uint32_t)~0;
	if (s->slot_end == 0)
		s->good = ~good; /* other settings: all ranks are to be found anew */
	s->slot_end = divided ? partitions.slot_end : NEVER;
	for (unsigned a = 0; a < ACCOUNTS; a++)
		s->left[a] = divided ? 0 : NEVER;
	set_good(c, good);
}

/* Has this account a portion here, or is it without budget anyway? False: its rank has sunk. */
static bool claim_portion(struct cpu *c, unsigned account)
{
	struct share *s = &c->share;
	uint64_t now = arch_clock_ticks(), portion;

	account %= ACCOUNTS;
	if (likely(s->left[account]) || !(s->good & BIT(account)))
		return true;
	lock_acquire(&partitions.lock);
	begin_slot(now);
	if (!(partitions.sampled & BIT(account)))
		sample(account, now);
	portion = partitions.slot_end - now;
	if (portion > partitions.pool[account])
		portion = partitions.pool[account];
	partitions.pool[account] -= portion;
	lock_release(&partitions.lock);
	s->left[account] = portion;
	if (!portion)
		set_good(c, s->good & ~BIT(account));
	return portion;
}

/*
 * Nobody waits: no decision is needed until somebody does. Who begins to wait shows it, then comes a fence, then
 * `partitions_open` is read; here it is the other way round, so one of the two sees what the other has done.
 */
static bool may_stay_open(const struct cpu *c)
{
	if (!sched_nobody_waits())
		return false;
	__atomic_fetch_or(&partitions_open, (uint32_t)BIT(c->id), __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (sched_nobody_waits())
		return true;
	__atomic_fetch_and(&partitions_open, ~(uint32_t)BIT(c->id), __ATOMIC_SEQ_CST);
	return false;
}

void partition_call_open(void)
{
	for_each_bit (i, __atomic_exchange_n(&partitions_open, 0, __ATOMIC_SEQ_CST))
		sched_kick(&cpus[i], ATTENTION_LOOK);
}

/* `decide` may have come. */
static void decide_portions(struct cpu *c, bool running)
{
	struct share *s = &c->share;
	uint64_t now = arch_clock_ticks();

	end_portion(s, now);
	if (now >= s->slot_end)
		renew(c, now);
	if (s->slot_end == NEVER)
		return;
	if (!running) {
		bill_nobody(c, now);
		return;
	}
	if (may_stay_open(c)) {
		set_decide(s, NEVER);
		return;
	}
	if (!claim_portion(c, s->bill) && s->bill >= ACCOUNT_CRITICAL) {
		bill_to(c, s->bill - ACCOUNT_CRITICAL, now);
		(void)claim_portion(c, s->bill);
	}
	begin_portion(s, arch_clock_ticks());
}

/* ---- settings, and what is told ---- */

static void set_account(unsigned account, uint64_t ticks)
{
	partitions.budget[account] = ticks;
	if (ticks)
		partitions.with_budget |= BIT(account);
	else
		partitions.with_budget &= ~BIT(account);
}

/* System's critical budget has no end. */
static void set_budgets(uint64_t per_ms)
{
	uint64_t all = all_time();

	for (unsigned i = 0; i < PARTITION_MAX; i++) {
		const struct partition *p = &partitions.of[i];

		set_account(i, all * p->budget / PARTITION_PERCENT);
		set_account(ACCOUNT_CRITICAL + i, i ? p->critical_us * per_ms / 1000 : NEVER / 2);
	}
}

void partition_settings_changed(void)
{
	uint64_t per_ms = arch_counter_hz() / 1000;

	lock_acquire(&partitions.lock);
	partitions.window = partitions.window_ms * per_ms;
	partitions.slot_end = 0;
	set_budgets(per_ms);
	lock_release(&partitions.lock);
	for (unsigned i = 0; i < board.cpu_count; i++) {
		lock_acquire(&cpus[i].lock);
		cpus[i].share.slot_end = 0;
		lock_release(&cpus[i].lock);
		sched_kick(&cpus[i], ATTENTION_LOOK);
	}
}

void partition_stats(unsigned id, struct partition_stats *stats)
{
	uint64_t now = arch_clock_ticks(), used, critical;

	lock_acquire(&partitions.lock);
	used = used_since(id, now - partitions.window, now);
	critical = used_since(ACCOUNT_CRITICAL + id, now - partitions.window, now);
	lock_release(&partitions.lock);
	*stats = (struct partition_stats){
	    .used = arch_clock_ns(total_of(id, now)),
	    .critical = arch_clock_ns(total_of(ACCOUNT_CRITICAL + id, now)),
	    .used_in_window = arch_clock_ns(used),
	    .critical_in_window = arch_clock_ns(critical),
	};
}

void partition_idle(struct partition_stats *stats)
{
	uint64_t now = arch_clock_ticks(), ticks = 0;

	for_each_bit (i, partitions.shared)
		ticks += cpu_idle_ticks(&cpus[i], now);
	stats->used = arch_clock_ns(ticks);
}

void partition_settle(struct cpu *c, const struct thread *t, bool look)
{
	const struct thread *next = sched_next(c), *first;
	unsigned rank, mine;

	if (look)
		decide_portions(c, t);
	mine = t ? sched_rank(c, t) : 0;
	if (next && sched_rank(c, next) > mine)
		(void)claim_portion(c, next->account);
	do
		first = rq_first(&c->rq, c, ~0u, &rank);
	while (first && rank > mine && !claim_portion(c, first->account));
}

void partition_init_cpu(struct cpu *c)
{
	struct share *s = &c->share;

	s->slot_end = s->decide = s->decide_ns = NEVER;
	partitions.window = partitions.window_ms * (arch_counter_hz() / 1000);
	renew(c, 0);
	s->spent[0] = -(int64_t)busy_time(c, arch_clock_ticks());
}
