// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The name of a peer as certificates and server_name (RFC 6066 section 3) have it: addresses
 * without the brackets of a URL and without a zone (RFC 4007), domain names without the dot of
 * the root.
 */
#include "hostname.h"

#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

/**
 * sheath_is_address() - is this an address literal?
 * @name: name from sheath_hostname()
 */
bool sheath_is_address(const char *name)
{
	unsigned char addr[16];

	return inet_pton(AF_INET, name, addr) == 1 || inet_pton(AF_INET6, name, addr) == 1;
}

/* Cuts "%eth0" off what is an address without it. */
static void cut_zone(char *name)
{
	char *zone = strchr(name, '%');

	if (!zone)
		return;
	*zone = '\0';
	if (!sheath_is_address(name))
		*zone = '%';
}

/**
 * sheath_hostname() - bring a name into the form that is verified
 * @name: name or address, as users write it
 *
 * Return: allocated; NULL without memory.
 */
char *sheath_hostname(const char *name)
{
	size_t len = strlen(name);
	char *plain;

	if (len > 2 && name[0] == '[' && name[len - 1] == ']') {
		name++;
		len -= 2;
	} else if (len > 1 && name[len - 1] == '.') {
		len--;
	}
	plain = strndup(name, len);
	if (plain)
		cut_zone(plain);
	return plain;
}
