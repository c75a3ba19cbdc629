/* SPDX-License-Identifier: Apache-2.0 */
/* Input: JSON.  What is read is a table's value, and put as text it is read as the same again; as
 * the definition of a policy it is taken or refused with a reason. */
#include "broker/policy.h"
#include "management/cell.h"
#include "management/json.h"
#include "tests/fuzz/fuzz.h"

static void try_policy(struct slice definition)
{
	struct policy_spec s = { .name = slice_str("p"), .pattern = slice_str("^q"),
		                     .apply_to = slice_str("all"), .definition = definition };
	for (int kind = 0; kind < POLICY_KINDS; kind++) {
		struct buf why = { 0 };
		struct policy *p = policy_new(&s, (enum policy_kind)kind, &why);
		must(!p == (why.len > 0));
		policy_free(&p);
		buf_free(&why);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf room = { 0 }, table = { 0 }, text = { 0 }, again = { 0 };
	struct field f, same, inside;
	if (json_read(slice_of(data, size), &room, &f)) {
		must(array_check(buf_slice(&room)));
		table_put(&table, slice_str("v"), &f);
		cell_put_json(&text, cell_table(buf_slice(&table)));
		bool read = json_read(buf_slice(&text), &again, &same);
		must(!read || (same.letter == 'F' && table_find(same.bytes, "v", &inside)));
		must(!read || field_equal(&f, &inside));
		if (f.letter == 'F')
			try_policy(f.bytes);
	}
	buf_free(&room);
	buf_free(&table);
	buf_free(&text);
	buf_free(&again);
	return 0;
}
