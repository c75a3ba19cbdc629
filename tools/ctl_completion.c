/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts with which a shell completes verbs, and the names that they take: those are asked of the
 * broker. */
#include <stdio.h>
#include <string.h>

#include "management/request.h"
#include "management/verb.h"
#include "tools/ctl_own.h"

/* A word of a usage, and the verb that lists what it stands for. */
static const struct {
	const char *word, *list;
} names[] = {
	{ "QUEUE", "list_queues -s name" },
	{ "USER", "list_users -s" },
	{ "VHOST", "list_vhosts -s name" },
	{ "EXCHANGE", "list_exchanges -s name" },
};

static const char options[] = "--data-dir --host --username --password-stdin --cacert --timeout "
                              "--vhost --quiet --silent --no-table-headers --formatter "
                              "--json --dry-run --node";

static void put_verbs(void)
{
	const struct verb *v;
	const struct own *o;
	for (size_t i = 0; (v = verb_at(i)); i++)
		printf("%s ", v->name);
	for (size_t i = 0; (o = own_at(i)); i++)
		printf("%s ", o->name);
	printf("log");
}

/* The usage begins with the word, or has it behind options. */
static bool takes(const struct verb *v, const char *word)
{
	const char *at = strstr(v->usage, word);
	size_t n = strlen(word);
	return at && (at == v->usage || at[-1] == ' ') && (!at[n] || at[n] == ' ') &&
	       !strstr(v->name, "add_");
}

static void put_cases(void)
{
	const struct verb *v;
	for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
		const char *between = "    ";
		for (size_t i = 0; (v = verb_at(i)); i++)
			if (takes(v, names[k].word)) {
				printf("%s%s", between, v->name);
				between = " | ";
			}
		printf(")\n      list=\"%s\" ;;\n", names[k].list);
	}
}

static void bash(void)
{
	printf("# bash completion for leveretctl\n_leveretctl() {\n"
	       "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb= list= w\n"
	       "  local ask=(leveretctl) i\n"
	       "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "    w=${COMP_WORDS[i]}\n"
	       "    case $w in\n"
	       "    -p | --vhost | --data-dir) ask+=(\"$w\" \"${COMP_WORDS[++i]}\") ;;\n"
	       "    --host | --username | --cacert | --timeout | -t | --node | -n) ((++i)) ;;\n"
	       "    --formatter) ((++i)) ;;\n"
	       "    -*) ;;\n"
	       "    *) verb=${verb:-$w} ;;\n"
	       "    esac\n"
	       "  done\n"
	       "  case $prev in\n"
	       "  -p | --vhost) list='list_vhosts -s name' ;;\n"
	       "  --formatter) COMPREPLY=($(compgen -W "
	       "'table pretty_table csv json json_stream erlang' -- \"$cur\")); return ;;\n"
	       "  --data-dir | --cacert) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
	       "  *)\n    case $verb in\n");
	put_cases();
	printf("    esac ;;\n  esac\n"
	       "  if [[ $cur == -* ]]; then\n"
	       "    COMPREPLY=($(compgen -W '%s' -- \"$cur\"))\n"
	       "  elif [[ -n $list ]]; then\n"
	       "    local IFS=$'\\n'\n"
	       "    COMPREPLY=($(compgen -W "
	       "\"$(IFS=' '; \"${ask[@]}\" $list 2> /dev/null < /dev/null | "
	       "cut -f1)\" -- \"$cur\"))\n"
	       "  elif [[ -z $verb || $verb == help ]]; then\n"
	       "    COMPREPLY=($(compgen -W '", options);
	put_verbs();
	printf("' -- \"$cur\"))\n  else\n    COMPREPLY=($(compgen -f -- \"$cur\"))\n  fi\n}\n"
	       "complete -F _leveretctl leveretctl\n");
}

/* What stands in single quotes there, with a colon behind the verb. */
static void put_described(const char *name, const char *help)
{
	printf("    '%s:", name);
	for (; *help; help++)
		if (*help == '\'')
			fputs("'\\''", stdout);
		else if (*help == ':')
			fputs("\\:", stdout);
		else
			putchar(*help);
	printf("'\n");
}

static void zsh(void)
{
	const struct verb *v;
	const struct own *o;
	printf("#compdef leveretctl\n"
	       "_leveretctl() {\n  local -a verbs found\n  local list=\n  verbs=(\n");
	for (size_t i = 0; (v = verb_at(i)); i++)
		put_described(v->name, v->help);
	for (size_t i = 0; (o = own_at(i)); i++)
		put_described(o->name, o->help);
	printf("  )\n  if (( CURRENT == 2 )); then\n    _describe verb verbs\n    return\n  fi\n"
	       "  case $words[CURRENT-1] in\n  -p | --vhost) list='list_vhosts -s name' ;;\n"
	       "  *)\n    case $words[2] in\n");
	put_cases();
	printf("    esac ;;\n  esac\n"
	       "  if [[ -n $list ]]; then\n"
	       "    found=(${(f)\"$(leveretctl ${=list} 2> /dev/null < /dev/null | cut -f1)\"})\n"
	       "    compadd -a found\n"
	       "  else\n    _files\n  fi\n}\n_leveretctl \"$@\"\n");
}

int own_completion(struct own_call *o)
{
	if (slice_is(o->words[0], "bash"))
		bash();
	else if (slice_is(o->words[0], "zsh"))
		zsh();
	else
		fprintf(stderr, "Error: there are completions for bash and for zsh\n");
	return slice_is(o->words[0], "bash") || slice_is(o->words[0], "zsh") ? CALL_EXIT_OK
	                                                                     : CALL_EXIT_USAGE;
}
