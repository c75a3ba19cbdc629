/* SPDX-License-Identifier: Apache-2.0 */
/* The rule by which a start finds the end of the log (docs/log-format.md, "Reading after a start"),
 * against power cuts, kills, failed syncs and one flipped bit.
 *
 * A batch takes one slot of a file, of two sectors that reach the disk by themselves: its head and
 * the rest. A checksum is the number of the batch, which no other has. Files are recycled without
 * being wiped. A seal is a batch like others.
 *
 * Asserted: a batch that is read is the one that belongs there (nothing stale is taken up); what was
 * confirmed is read; without a flipped bit nothing is called damaged; with one, nothing is silently
 * lost that another durable batch proves.
 *
 * variant OS: durability=os, several batches are unsynced; only full segments are promised over a
 *   power cut, and everything over a kill.
 * Mistakes, each of which has to be found:
 * mistake STALE: the position in a batch is not compared with its place.
 * mistake NO_EVIDENCE: the first batch that is not valid is always the end.
 * mistake OS ANY_EVIDENCE: whatever lies further on proves damage.
 * mistake EARLY: confirmed before the sync.
 * mistake NO_SETTLE: what a start has read is taken for durable.
 * mistake SYNC_ONLY: it is synced, but not written again.
 * mistake OS SAME_FILE: a start goes on behind the torn tail, in the same file, and looks neither
 *   at epochs nor at predecessors. */

#define FILES 3
#define SLOTS 3
#define BATCHES 6
#define CRASHES 3
#define NONE 15
#define JUNK 15                    /* in a sector: a bit was flipped */

#define HEAD(f, slot) (((f) * SLOTS + (slot)) * 2)
#define BODY(f, slot) (HEAD(f, slot) + 1)
#define SECTORS (FILES * SLOTS * 2)

/* Sectors hold numbers of batches, 0 is nothing. */
byte seen[SECTORS];                /* what a reader gets */
byte safe[SECTORS];                /* what a power cut leaves for certain */
bit dirty[SECTORS];                /* a sync would make it safe */

byte base[FILES];                  /* position of the first batch; 0: a spare */
byte began[FILES];                 /* epoch in the header */

byte lsn[BATCHES + 1];             /* what the head of each batch says */
byte epoch[BATCHES + 1];
byte before[BATCHES + 1];
byte proves[BATCHES + 1];          /* durable_lsn */

byte batches;                      /* written so far */
byte this_run = 1;                      /* epoch of this run */
byte end = 1;                      /* position of the next batch */
byte last;                         /* batch before that */
byte current = NONE;
byte sure = 1;                     /* promised over a power cut: everything before */
byte told = 1;                     /* promised over a kill */
byte shown = 1;                    /* the largest durable_lsn that is durable itself */
byte truth[BATCHES + 2];           /* the batch at each position of the log */
bit failed;
bit flipped;
byte crashes;

/* Work of one step, zero between steps. */
byte i, f, s, x, h, cur, next, proven, seen_epoch, prev_batch;
bit first, valid, damage;

inline forget()
{
	i = 0; f = 0; s = 0; x = 0; h = 0; cur = 0; next = 0;
	proven = 0; seen_epoch = 0; prev_batch = 0; first = 0; valid = 0; damage = 0
}

inline sync_file(file)
{
	for (i : HEAD(file, 0) .. BODY(file, SLOTS - 1)) {
		if
		:: dirty[i] -> safe[i] = seen[i]; dirty[i] = 0
		:: else
		fi
	}
}

inline wipe(file)
{
	for (i : HEAD(file, 0) .. BODY(file, SLOTS - 1)) {
		seen[i] = 0; safe[i] = 0; dirty[i] = 0
	}
}

/* ---- while it runs ---- */

inline note_synced()
{
	sync_file(current);
	for (i : 1 .. batches) {
		if
		:: truth[lsn[i]] == i && lsn[i] < end && proves[i] > shown -> shown = proves[i]
		:: else
		fi
	}
	sure = end;
	told = end
}

/* A spare becomes the current file: whole header, durable, whatever the rest of it holds. A file
 * that was begun at this very position and got no batch is replaced. */
inline begin_segment()
{
	if
	:: current != NONE && sure < end -> note_synced()
	:: else
	fi;
	f = 0;
	do
	:: f < FILES && base[f] == end -> wipe(f); break
	:: f < FILES && base[f] != end -> f++
	:: f == FILES -> break
	od;
	if
	:: f < FILES
	:: else ->
		f = 0;
		do
		:: base[f] != 0 -> f++
		:: else -> break
		od
	fi;
	base[f] = end;
	began[f] = this_run;
	current = f
}

#define FULL (current == NONE || end - base[current] == SLOTS)
#define HAS_SPARE (base[0] == 0 || base[1] == 0 || base[2] == 0 || \
                   base[0] == end || base[1] == end || base[2] == end)

inline write()
{
	if
	:: FULL -> begin_segment()
	:: else
	fi;
	batches++;
	lsn[batches] = end;
	epoch[batches] = this_run;
	before[batches] = last;
#ifdef OS
	proves[batches] = base[current];
#else
	proves[batches] = sure;
#endif
	i = HEAD(current, end - base[current]);
	seen[i] = batches; dirty[i] = 1;
	seen[i + 1] = batches; dirty[i + 1] = 1;
	truth[end] = batches;
	last = batches;
	end++;
#ifdef OS
	told = end;
#endif
#ifdef EARLY
	sure = end; told = end;
#endif
}

/* The kernel takes the pages for clean: they are seen, and no later sync saves them. */
inline fail_sync()
{
	for (i : 0 .. SECTORS - 1) {
		dirty[i] = 0
	}
	failed = 1
}

inline find_oldest(after)
{
	next = NONE;
	for (f : 0 .. FILES - 1) {
		if
		:: base[f] > after && (next == NONE || base[f] < base[next]) -> next = f
		:: else
		fi
	}
}

/* The oldest segment becomes a spare. Its bytes stay. */
inline trim()
{
	find_oldest(0);
	if
	:: next != NONE && next != current && base[next] != end ->
		base[next] = 0; began[next] = 0
	:: else
	fi
}

/* ---- the start ---- */

inline look_at(file, slot)
{
	h = seen[HEAD(file, slot)];
	valid = h != 0 && h != JUNK;
	if
	:: valid ->
#ifndef STALE
		valid = lsn[h] == base[file] + slot;
#endif
#ifndef SAME_FILE
		valid = valid && epoch[h] >= seen_epoch
#else
		skip
#endif
	:: else
	fi
}

inline read_batches()
{
	do
	:: 1 ->
		valid = 0;
		if
		:: x - base[cur] < SLOTS ->
			look_at(cur, x - base[cur]);
			valid = valid && seen[BODY(cur, x - base[cur])] == h;
#ifndef SAME_FILE
			valid = valid && (first || before[h] == prev_batch);
#endif
		:: else
		fi;
		if
		:: valid ->
			assert(truth[x] == h);
			if
			:: proves[h] > proven -> proven = proves[h]
			:: else
			fi;
			seen_epoch = epoch[h];
			prev_batch = h;
			first = 0;
			x++
		:: else ->
			find_oldest(base[cur]);
			if
			:: next != NONE && base[next] == x -> cur = next
			:: next != NONE && base[next] != x -> damage = 1; break
			:: else -> break
			fi
		fi
	od
}

inline find_evidence()
{
#ifndef NO_EVIDENCE
	for (s : 0 .. SLOTS - 1) {
		if
		:: s > x - base[cur] ->
			look_at(cur, s);
#ifdef ANY_EVIDENCE
			damage = damage || valid
#else
			damage = damage || (valid && proves[h] > x)
#endif
		:: else
		fi
	}
#endif
	skip
}

/* What was read is made durable; what lies behind is cut off, unless that fails. */
inline settle(cuts)
{
	for (i : HEAD(cur, 0) .. BODY(cur, SLOTS - 1)) {
		s = (i - HEAD(cur, 0)) / 2;
		if
		:: base[cur] + s >= x && cuts -> seen[i] = 0; dirty[i] = 1
#ifndef SYNC_ONLY
		:: base[cur] + s < x && base[cur] + s >= proven -> dirty[i] = 1
#endif
		:: else
		fi
	};
#ifndef NO_SETTLE
	sync_file(cur);
#endif
	skip
}

inline scan()
{
	x = end; damage = 0; proven = 0; seen_epoch = 0; prev_batch = 0; first = 1;
	find_oldest(0);
	cur = next;
	if
	:: cur != NONE ->
		x = base[cur];
		read_batches();
		if
		:: !damage -> find_evidence()
		:: else
		fi
	:: else
	fi;
	assert(!damage || flipped)
}

inline go_on(cuts)
{
	assert(flipped || x >= sure);
	assert(x >= shown);
	this_run = seen_epoch;
	for (f : 0 .. FILES - 1) {
		if
		:: began[f] > this_run -> this_run = began[f]
		:: else
		fi
	};
	this_run++;
	if
	:: cur != NONE && base[cur] != x -> settle(cuts)
	:: else
	fi;
	for (i : 1 .. BATCHES + 1) {
		if
		:: i >= x -> truth[i] = 0
		:: else
		fi
	};
	end = x; sure = x; told = x; last = prev_batch; failed = 0;
	shown = (shown > proven -> shown : proven);
#ifdef SAME_FILE
	current = cur
#else
	current = NONE
#endif
}

/* ---- the crash ---- */

/* Each unsaved sector by itself is there, or what was below it. */
inline cut_power()
{
	for (i : 0 .. SECTORS - 1) {
		if
		:: seen[i] != safe[i] -> safe[i] = seen[i]
		:: seen[i] != safe[i] -> seen[i] = safe[i]
		:: else
		fi;
		dirty[i] = 0
	}
}

/* A kill may come in the middle of the last write. */
inline kill_process()
{
	assert(told >= sure);
	if
	:: 1
	:: !failed && current != NONE && end > told ->
		i = BODY(current, end - 1 - base[current]);
		seen[i] = safe[i]
	fi
}

inline flip()
{
	if
	:: 1
	:: !flipped ->
		x = 0;
		do
		:: x + 1 < SECTORS -> x++
		:: break
		od;
		if
		:: base[x / (2 * SLOTS)] != 0 && seen[x] != 0 && seen[x] == safe[x] ->
			seen[x] = JUNK; safe[x] = JUNK; flipped = 1
		:: else
		fi
	fi
}

active proctype broker()
{
	bit killed;
	do
	:: !failed && batches < BATCHES && (!FULL || HAS_SPARE) &&
#ifdef OS
	   1
#else
	   sure == end
#endif
	   -> d_step { write(); forget() }
#ifndef OS
	:: !failed && sure < end -> d_step { note_synced(); forget() }
#endif
#ifdef EARLY
	:: !failed && current != NONE -> d_step { note_synced(); forget() }
#endif
	:: !failed && current != NONE && told <= end && crashes < CRASHES -> d_step { fail_sync(); forget() }
	:: !failed && sure == end && batches < BATCHES -> d_step { trim(); forget() }
	:: crashes < CRASHES ->
		atomic {
			crashes++;
			if
			:: cut_power(); killed = 0
			:: kill_process(); killed = 1
			fi;
			flip();
			d_step { scan(); assert(flipped || !killed || damage || x >= told) };
			if
			:: damage -> break
			:: else
			fi;
			if
			:: d_step { go_on(1); forget() }
			:: d_step { go_on(0); forget() }
			fi
		}
	:: break
	od
}
