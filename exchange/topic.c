/* SPDX-License-Identifier: Apache-2.0 */
/* Topic: patterns of words, `*` for one word and `#` for any number (AMQP 0-9-1 section 3.1.3.3).
 *
 * The patterns form a trie over words.  A routing key is matched by walking all of the trie at
 * once: the state is a set of nodes, and each word of the key turns one set into the next.  A
 * node enters a set at most once, so the cost is bounded by the nodes that can match times the
 * words, whatever the pattern: no backtracking.  A `#` node stays in the set (it swallows the
 * word) and, because it matches nothing too, whoever puts a node in a set puts its `#` child in. */
#include "exchange/topic.h"

#include "base/die.h"
#include "base/mem.h"
#include "exchange/exchange.h"

struct node {
	struct node *parent;
	struct map children;         /* by word */
	struct node *star, *hash;    /* the children for `*` and `#` */
	struct slice word;           /* owned; of this node */
	bool is_hash;
	struct list bindings;        /* of the patterns that end here */
	uint64_t mark;               /* the last set it entered */
};

struct trie {
	struct node root;
	uint64_t mark;               /* of the set being built */
	uint64_t nodes, steps;
	struct node **now, **next;   /* the sets; room for every node */
	size_t cap;
};

static void node_init(struct node *n, struct node *parent)
{
	n->parent = parent;
	list_init(&n->bindings);
}

static struct trie *trie_of(struct exchange *x)
{
	struct trie *t = x->state;
	if (!t) {
		t = x->state = mem_zalloc(sizeof *t);
		node_init(&t->root, NULL);
	}
	return t;
}

uint64_t topic_steps(const struct exchange *x)
{
	return x->state ? ((const struct trie *)x->state)->steps : 0;
}

uint64_t topic_nodes(const struct exchange *x)
{
	return x->state ? ((const struct trie *)x->state)->nodes : 0;
}

/* ---- words ---- */

struct words {
	struct slice rest;
	bool more;
};

/* The empty key has no words; `a..b` has three, the middle one empty. */
static struct words words_of(struct slice key)
{
	return (struct words){ key, key.n > 0 };
}

static bool words_next(struct words *w, struct slice *word)
{
	if (!w->more)
		return false;
	const uint8_t *dot = memchr(w->rest.p, '.', w->rest.n);
	*word = slice_take(&w->rest, dot ? (size_t)(dot - w->rest.p) : w->rest.n);
	w->more = dot != NULL;
	if (dot)
		slice_take(&w->rest, 1);
	return true;
}

/* ---- growing and pruning ---- */

static struct node *child(const struct node *n, struct slice word)
{
	if (slice_is(word, "*"))
		return n->star;
	if (slice_is(word, "#"))
		return n->hash;
	return map_get(&n->children, word);
}

static struct node *grow(struct trie *t, struct node *parent, struct slice word)
{
	struct node *n = mem_zalloc(sizeof *n);
	node_init(n, parent);
	n->word = mem_own(word);
	n->is_hash = slice_is(word, "#");
	if (n->is_hash)
		parent->hash = n;
	else if (slice_is(word, "*"))
		parent->star = n;
	else
		map_put(&parent->children, n->word, n);
	t->nodes++;
	return n;
}

/* Adjacent `#` mean what one means. */
static struct node *find(struct trie *t, struct slice pattern, bool create)
{
	struct words w = words_of(pattern);
	struct slice word;
	struct node *n = &t->root;
	while (n && words_next(&w, &word)) {
		if (n->is_hash && slice_is(word, "#"))
			continue;
		struct node *next = child(n, word);
		n = next || !create ? next : grow(t, n, word);
	}
	return n;
}

static void bind(struct exchange *x, struct binding *b)
{
	struct trie *t = trie_of(x);
	struct node *n = find(t, b->key, true);
	list_push(&n->bindings, &b->on_type);
	b->match = n;
}

static bool is_bare(const struct node *n)
{
	return list_empty(&n->bindings) && !n->star && !n->hash && n->children.count == 0;
}

static void unbind(struct exchange *x, struct binding *b)
{
	struct trie *t = trie_of(x);
	struct node *n = b->match;
	list_remove(&b->on_type);
	while (n->parent && is_bare(n)) {
		struct node *parent = n->parent;
		if (parent->hash == n)
			parent->hash = NULL;
		else if (parent->star == n)
			parent->star = NULL;
		else
			map_remove(&parent->children, n->word);
		mem_disown(n->word);
		mem_free(n);
		t->nodes--;
		n = parent;
	}
}

/* ---- matching ---- */

static void enter(struct trie *t, struct node **set, size_t *n, struct node *node)
{
	for (; node && node->mark != t->mark; node = node->hash) {
		node->mark = t->mark;
		set[(*n)++] = node;
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

static size_t step(struct trie *t, size_t n, struct slice word)
{
	size_t entered = 0;
	t->mark++;
	for (size_t i = 0; i < n; i++) {
		struct node *node = t->now[i];
		if (node->is_hash)
			enter(t, t->next, &entered, node);
		enter(t, t->next, &entered, node->star);
		if (node->children.count)
			enter(t, t->next, &entered, map_get(&node->children, word));
	}
	t->steps += n;
	struct node **swap = t->now;
	t->now = t->next;
	t->next = swap;
	return entered;
}

static void route(struct exchange *x, const struct route *r, struct found *out)
{
	struct trie *t = trie_of(x);
	struct words w = words_of(r->key);
	struct slice word;
	size_t n = 0;
	make_room(t);
	t->steps = 0;
	t->mark++;
	enter(t, t->now, &n, &t->root);
	while (n && words_next(&w, &word))
		n = step(t, n, word);
	for (size_t i = 0; i < n; i++)
		list_each(it, &t->now[i]->bindings)
			found_add(out, list_entry(it, struct binding, on_type));
}

static void destroy(struct exchange *x)
{
	struct trie *t = x->state;
	if (!t)
		return;
	must(t->nodes == 0);
	map_free(&t->root.children);
	mem_free(t->now);
	mem_free(t->next);
	mem_free(t);
}

const struct exchange_type exchange_topic = {
	.name = "topic", .bind = bind, .unbind = unbind, .route = route, .destroy = destroy,
};
