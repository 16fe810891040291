// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Giving privileges up, for good.
 */
#include "user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>

#include "say.h"

/* Whatever the calls said: is that who we are, and is there no way back? */
static bool is_user(const struct passwd *pw)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) || getresgid(&rg, &eg, &sg))
		return false;
	if (r != pw->pw_uid || e != pw->pw_uid || s != pw->pw_uid)
		return false;
	if (rg != pw->pw_gid || eg != pw->pw_gid || sg != pw->pw_gid)
		return false;
	return !pw->pw_uid || (setuid(0) && setgid(0));
}

/**
 * user_become() - go on as another user, with the groups of that user
 * @name: of the user
 *
 * Return: 0, or an exit status after an error was printed.
 */
int user_become(const char *name)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (!pw)
		return say("there is no user %s%s%s", name, errno ? ": " : "",
			   errno ? strerror(errno) : "");
	if (initgroups(name, pw->pw_gid) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return say("cannot become the user %s: %s", name, strerror(errno));
	if (!is_user(pw))
		return say("cannot become the user %s: some privilege is left", name);
	return 0;
}
