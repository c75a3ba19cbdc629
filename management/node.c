/* SPDX-License-Identifier: Apache-2.0 */
#include "management/node.h"

#include "base/die.h"
#include "management/host.h"
#include "management/object.h"

static const char *const plugins[] = {
#define PLUGIN(name, about) #name,
#include "management/plugins.def"
#undef PLUGIN
};

const char *node_plugin(size_t i)
{
	return i < ARRAY_LEN(plugins) ? plugins[i] : NULL;
}

struct node_feature node_feature(size_t i)
{
	static const struct node_feature features[] = {
#define FEATURE(name, about) { #name, about },
#include "management/features.def"
#undef FEATURE
	};
	return i < ARRAY_LEN(features) ? features[i] : (struct node_feature){ NULL, NULL };
}

bool node_has_feature(struct slice name)
{
	bool has = slice_is(name, "all");
	for (size_t i = 0; !has && node_feature(i).name; i++)
		has = slice_is(name, node_feature(i).name);
	return has;
}

const char *node_log_file(const struct host *h)
{
	return h->log_file ? h->log_file : "<stderr>";
}

void node_put_plugins(struct buf *out, const char *key)
{
	object_open_list(out, key);
	for (size_t i = 0; node_plugin(i); i++)
		object_put(out, NULL, cell_text(node_plugin(i)));
	object_close_list(out);
}

void node_put_files(const struct host *h, struct buf *out)
{
	object_open_list(out, "log_files");
	object_put(out, NULL, cell_text(node_log_file(h)));
	object_close_list(out);
	object_open_list(out, "config_files");
	for (struct slice rest = h->config_files; rest.n;)
		object_put(out, NULL, cell_slice(slice_cut(&rest, '\n')));
	object_close_list(out);
}
