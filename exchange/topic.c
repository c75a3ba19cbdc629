/* SPDX-License-Identifier: Apache-2.0 */
/* Topic: patterns of words, `*` for one word and `#` for any number (AMQP 0-9-1 section 3.1.3.3).
 *
 * Patterns without `*` and `#` are in a map: one look for the whole key.  The others form a trie
 * over words that goes no further than it must: where a word leads to a few patterns, they hang
 * there with the rest of each as text, which is compared with the rest of the key.  With very many
 * patterns the time goes into memory that no cache holds; so a key touches a slot of the map in
 * which they part, and the pattern, which is small and knows its queue.
 *
 * A key is matched by walking all of the trie at once: the state is a set of nodes, and each word
 * of the key turns one set into the next.  A node enters a set at most once, so the cost is bounded
 * by the nodes that can match times the words, whatever the pattern: no backtracking.  A `#` node
 * stays in the set (it swallows the word) and, because it matches nothing too, whoever puts a node
 * in a set puts its `#` child in.
 *
 * A pattern with more than one `#` is taken apart whole.  So a text is compared from both ends,
 * each word once, and none is found twice: with a `#` in it, it hangs where one number of words
 * leads to; without, one number of words is left. */
#include "exchange/topic.h"

#include "base/die.h"
#include "base/mem.h"
#include "base/slab.h"
#include "exchange/bunch.h"
#include "exchange/words.h"

enum { FEW = 4 };                /* patterns that hang from one word before it gets a node */

/* What a word leads to: a node, or the first of a few patterns. */
struct branch {
	bool is_node;
};

struct node {
	struct branch branch;
	bool is_hash;
	struct node *parent;         /* NULL: the root */
	struct branch *star, *hash;  /* what `*` and `#` lead to */
	struct map children;         /* the same of other words */
	struct pattern *pattern;     /* that ends here */
	uint64_t mark;               /* the last set it entered */
	struct slice word;           /* of this node; its bytes stand behind */
};

/* Half a line of memory, and the text; they lie together in slabs. */
struct pattern {
	struct branch branch;
	uint16_t n, from;            /* of the text only what begins there counts; n + 1: nothing */
	struct pattern *next;        /* that hangs from the same word */
	struct bunch bunch;
	uint8_t text[];
};

struct trie {
	struct map plain;            /* patterns without `*` and `#` */
	struct node root;
	uint64_t mark;               /* of the set being built */
	uint64_t steps;
	uint64_t nodes, patterns;
	struct node **now, **next;   /* the sets; room for every node */
	size_t cap;
};

static struct trie *trie_of(struct exchange *x)
{
	struct trie *t = x->state;
	if (!t) {
		t = x->state = mem_zalloc(sizeof *t);
		t->root.branch.is_node = true;
	}
	return t;
}

uint64_t topic_steps(const struct exchange *x)
{
	return x->state ? ((const struct trie *)x->state)->steps : 0;
}

uint64_t topic_nodes(const struct exchange *x)
{
	const struct trie *t = x->state;
	return t ? t->nodes + t->patterns : 0;
}

/* ---- branches ---- */

static struct node *node_of(struct branch *b)
{
	return list_entry(b, struct node, branch);
}

static struct pattern *pattern_of(struct branch *b)
{
	return list_entry(b, struct pattern, branch);
}

/* What is left of its text, the first so many bytes not counted. */
static struct words left_of(const struct pattern *p, size_t led)
{
	size_t from = p->from + led;
	bool more = from <= p->n;
	return (struct words){ slice_of(p->text + from, more ? p->n - from : 0), more };
}

static struct slice first_word(const struct pattern *p)
{
	struct words w = left_of(p, 0);
	struct slice word = w.rest;
	words_next(&w, &word);
	return word;
}

static struct branch *branch_at(const struct node *n, struct slice word)
{
	if (word_is_star(word))
		return n->star;
	if (word_is_hash(word))
		return n->hash;
	return map_get(&n->children, word);
}

/* word: its own. */
static void hang(struct node *parent, struct slice word, struct branch *b)
{
	if (word_is_star(word))
		parent->star = b;
	else if (word_is_hash(word))
		parent->hash = b;
	else
		map_put(&parent->children, word, b);
}

static void unhang(struct node *parent, struct slice word)
{
	if (word_is_star(word))
		parent->star = NULL;
	else if (word_is_hash(word))
		parent->hash = NULL;
	else
		map_remove(&parent->children, word);
}

/* ---- growing ---- */

static size_t pattern_bytes(size_t text_bytes)
{
	return sizeof(struct pattern) + text_bytes;
}

static struct pattern *pattern_new(struct trie *t, struct words left)
{
	size_t n = left.rest.n;
	struct pattern *p = slab_alloc(pattern_bytes(n));
	must(n < UINT16_MAX);
	*p = (struct pattern){ .n = (uint16_t)n, .from = left.more ? 0 : (uint16_t)(n + 1) };
	if (n)
		memcpy(p->text, left.rest.p, n);
	t->patterns++;
	return p;
}

static struct node *node_new(struct trie *t, struct node *parent, struct slice word)
{
	struct node *n = mem_zalloc(sizeof *n + word.n);
	uint8_t *copy = (uint8_t *)(n + 1);
	if (word.n)
		memcpy(copy, word.p, word.n);
	n->word = slice_of(copy, word.n);
	n->branch.is_node = true;
	n->parent = parent;
	n->is_hash = word_is_hash(word);
	t->nodes++;
	return n;
}

/* Behind the first, whose bytes the map has as the key. */
static void hang_pattern(struct node *parent, struct pattern *p)
{
	struct slice word = first_word(p);
	struct branch *b = p->from > p->n ? NULL : branch_at(parent, word);
	p->next = NULL;
	if (p->from > p->n) {
		parent->pattern = p;
	} else if (b) {
		p->next = pattern_of(b)->next;
		pattern_of(b)->next = p;
	} else {
		hang(parent, word, &p->branch);
	}
}

/* A node for the word, below which hang the patterns that hung there. */
static void part(struct trie *t, struct node *parent, struct slice word, struct branch *b)
{
	struct node *n = node_new(t, parent, word);
	struct pattern *p = b ? pattern_of(b) : NULL, *next;
	if (b)
		unhang(parent, word);
	hang(parent, n->word, &n->branch);
	for (; p; p = next) {
		next = p->next;
		p->from += (uint16_t)(word.n + 1);
		hang_pattern(n, p);
	}
}

static size_t count_hashes(struct words w)
{
	struct slice word;
	size_t n = 0;
	while (words_next(&w, &word))
		n += word_is_hash(word);
	return n;
}

static bool are_few(struct branch *b)
{
	size_t n = 0;
	for (const struct pattern *p = b ? pattern_of(b) : NULL; p; p = p->next)
		n++;
	return n < FEW;
}

static struct pattern *same(struct branch *b, struct slice text)
{
	struct pattern *p = b ? pattern_of(b) : NULL;
	while (p && !slice_eq(left_of(p, 0).rest, text))
		p = p->next;
	return p;
}

/* The last node on the way of a pattern from n on; left: what of it is behind. */
static struct node *descend(struct node *n, struct words *left)
{
	struct words w = *left;
	struct slice word;
	while (words_next(&w, &word)) {
		struct branch *b = branch_at(n, word);
		if (!b || !b->is_node)
			break;
		n = node_of(b);
		*left = w;
	}
	return n;
}

static struct pattern *hang_new(struct trie *t, struct node *parent, struct words left)
{
	struct pattern *p = pattern_new(t, left);
	hang_pattern(parent, p);
	return p;
}

static struct pattern *grow(struct trie *t, struct slice text)
{
	struct words left = words_of(text);
	bool may_hang = count_hashes(left) <= 1;
	struct slice word;
	for (struct node *n = &t->root;;) {
		n = descend(n, &left);
		struct words w = left;
		if (!words_next(&w, &word))
			return n->pattern ? n->pattern : hang_new(t, n, left);
		struct branch *b = branch_at(n, word);
		struct pattern *p = same(b, left.rest);
		if (p || (may_hang && are_few(b)))
			return p ? p : hang_new(t, n, left);
		part(t, n, word, b);
	}
}

static struct pattern *plain(struct trie *t, struct slice text)
{
	struct pattern *p = map_get(&t->plain, text);
	if (!p) {
		p = pattern_new(t, (struct words){ text, true });
		map_put(&t->plain, left_of(p, 0).rest, p);
	}
	return p;
}

/* Adjacent `#` mean what one means.  False: the pattern has neither `#` nor `*`. */
static bool simplify(struct slice pattern, struct buf *out)
{
	struct words w = words_of(pattern);
	struct slice word, before = slice_str("");
	bool wild = false;
	for (bool first = true; words_next(&w, &word); first = false, before = word) {
		bool hash = word_is_hash(word);
		wild |= hash || word_is_star(word);
		if (hash && word_is_hash(before))
			continue;
		if (!first)
			buf_u8(out, '.');
		buf_append_slice(out, word);
	}
	return wild;
}

static void bind(struct exchange *x, struct binding *b)
{
	struct trie *t = trie_of(x);
	struct buf simple = { 0 };
	struct pattern *p = simplify(b->key, &simple) ? grow(t, buf_slice(&simple)) : plain(t, b->key);
	bunch_add(&p->bunch, b);
	b->match = p;
	buf_free(&simple);
}

/* ---- pruning ---- */

static bool is_bare(const struct node *n)
{
	return !n->pattern && !n->star && !n->hash && n->children.count == 0;
}

static void prune(struct trie *t, struct node *n)
{
	while (n->parent && is_bare(n)) {
		struct node *parent = n->parent;
		unhang(parent, n->word);
		mem_free(n);
		t->nodes--;
		n = parent;
	}
}

/* When the first of a chain goes, the map gets the bytes of the next one as the key. */
static void unhang_pattern(struct node *parent, struct pattern *p)
{
	struct slice word = first_word(p);
	struct pattern *before = p == parent->pattern ? NULL : pattern_of(branch_at(parent, word));
	if (p == parent->pattern) {
		parent->pattern = NULL;
	} else if (before == p) {
		unhang(parent, word);
		if (p->next)
			hang(parent, first_word(p->next), &p->next->branch);
	} else {
		while (before->next != p)
			before = before->next;
		before->next = p->next;
	}
}

static void free_sets(struct trie *t)
{
	mem_free(t->now);
	mem_free(t->next);
	t->now = t->next = NULL;
	t->cap = 0;
}

static void cut(struct trie *t, struct pattern *p, struct slice text)
{
	struct words left = words_of(text);
	struct node *n = descend(&t->root, &left);
	unhang_pattern(n, p);
	prune(t, n);
}

static void unbind(struct exchange *x, struct binding *b)
{
	struct trie *t = trie_of(x);
	struct pattern *p = b->match;
	struct buf simple = { 0 };
	if (!bunch_remove(&p->bunch, b))
		return;
	if (simplify(b->key, &simple))
		cut(t, p, buf_slice(&simple));
	else
		map_remove(&t->plain, b->key);
	buf_free(&simple);
	slab_free(p, pattern_bytes(p->n));
	if (--t->patterns == 0)
		free_sets(t);
}

/* ---- matching ---- */

/* A key on its way through the trie. */
struct walk {
	struct trie *t;
	struct found *out;
	size_t n;                    /* nodes in the set being built */
};

static bool fits(struct slice word, struct slice of_key)
{
	return word_is_star(word) || slice_eq(word, of_key);
}

/* What is behind the `#` of a pattern is at the end of the key. */
static bool ends_with(struct walk *w, struct words pattern, struct words key)
{
	struct slice word, of_key;
	for (; words_last(&pattern, &word); w->t->steps++)
		if (!words_last(&key, &of_key) || !fits(word, of_key))
			return false;
	return true;
}

static bool matches(struct walk *w, struct words pattern, struct words key)
{
	struct slice word, of_key;
	for (; words_next(&pattern, &word); w->t->steps++) {
		if (word_is_hash(word))
			return ends_with(w, pattern, key);
		if (!words_next(&key, &of_key) || !fits(word, of_key))
			return false;
	}
	return !key.more;
}

/* What led to b is taken off the key already, and stands in the texts below as so many bytes. */
static void enter(struct walk *w, struct branch *b, size_t led, struct words key)
{
	struct trie *t = w->t;
	for (; b && b->is_node && node_of(b)->mark != t->mark; led = 0) {
		struct node *n = node_of(b);
		n->mark = t->mark;
		t->next[w->n++] = n;
		b = n->hash;
	}
	for (struct pattern *p = b && !b->is_node ? pattern_of(b) : NULL; p; p = p->next) {
		t->steps++;
		if (matches(w, left_of(p, led), key))
			bunch_found(&p->bunch, w->out);
	}
}

/* The set that was built is the one to go on from. */
static size_t swap(struct walk *w)
{
	struct trie *t = w->t;
	size_t n = w->n;
	struct node **now = t->now;
	t->now = t->next;
	t->next = now;
	t->steps += n;
	t->mark++;
	w->n = 0;
	return n;
}

static void step(struct walk *w, size_t n, struct slice word, struct words key)
{
	for (size_t i = 0; i < n; i++) {
		struct node *node = w->t->now[i];
		if (node->is_hash)
			enter(w, &node->branch, 0, key);
		enter(w, node->star, strlen("*."), key);
		if (node->children.count)
			enter(w, map_get(&node->children, word), word.n + 1, key);
	}
}

static void make_room(struct trie *t)
{
	if (t->cap > t->nodes)
		return;
	t->cap = 2 * (t->nodes + 8);
	t->now = mem_realloc(t->now, t->cap * sizeof *t->now);
	t->next = mem_realloc(t->next, t->cap * sizeof *t->next);
}

static void walk(struct walk *w, struct words key)
{
	struct slice word;
	size_t n;
	make_room(w->t);
	w->t->mark++;
	enter(w, &w->t->root.branch, 0, key);
	while ((n = swap(w)) && words_next(&key, &word))
		step(w, n, word, key);
	for (size_t i = 0; i < n; i++)
		if (w->t->now[i]->pattern)
			bunch_found(&w->t->now[i]->pattern->bunch, w->out);
}

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	struct walk w = { .t = trie_of(x), .out = out };
	struct pattern *p = map_get(&w.t->plain, r->key);
	w.t->steps = 1;
	if (p)
		bunch_found(&p->bunch, out);
	if (!is_bare(&w.t->root))
		walk(&w, words_of(r->key));
}

static void destroy(struct exchange *x)
{
	struct trie *t = x->state;
	if (!t)
		return;
	must(t->nodes == 0 && t->patterns == 0);
	free_sets(t);
	mem_free(t);
}

const struct exchange_type exchange_topic = {
	.name = "topic", .bind = bind, .unbind = unbind, .route = route, .destroy = destroy,
};
