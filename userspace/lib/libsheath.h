/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libsheath: a TLS handshake in the caller's process, the records in the kernel.
 *
 *	cfg = sheath_config_new();
 *	hs = sheath_client(fd, "www.example.org", cfg);
 *	if (!hs || sheath_handshake_wait(hs, 10000))
 *		errx(1, "%s", sheath_error());
 *	sheath_hs_free(hs);
 *	write(fd, ...);
 *
 * @fd is a connected TCP socket. After a handshake that returned 0 it is a plain
 * descriptor on which read, write, sendfile, splice and poll carry the data of the
 * application while the wire carries TLS. After one that failed the socket is shut down
 * both ways, so that nothing can be sent over it in the clear by mistake; the exception is a
 * kernel without the module, see sheath_available().
 *
 * As on TCP, writing to a peer that has gone raises SIGPIPE: ignore it, or write with
 * send(2) and MSG_NOSIGNAL. sendfile(2) and splice(2) have no such flag.
 *
 * Functions that return int return 0, or -1 with a text in sheath_error(), unless their
 * comment says otherwise. A handshake belongs to one thread at a time. A configuration may
 * be shared by threads once it is complete.
 */
#ifndef LIBSHEATH_H
#define LIBSHEATH_H

#include <stddef.h>
#include <stdint.h>
#include <gnutls/gnutls.h>
#include <linux/sheath.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sheath_config;
struct sheath_hs;

/* What sheath_handshake() returns when it needs the socket to become ready. */
#define SHEATH_WANT_POLLIN	1
#define SHEATH_WANT_POLLOUT	2

#define SHEATH_PROTOCOL_TLS_1_2	(1u << 0)
#define SHEATH_PROTOCOL_TLS_1_3	(1u << 1)
#define SHEATH_PROTOCOL_TLS_1_0	(1u << 2)	/* for peers that have nothing better: RFC 8996 */
#define SHEATH_PROTOCOL_TLS_1_1	(1u << 3)	/* likewise */
#define SHEATH_PROTOCOLS_DEFAULT	(SHEATH_PROTOCOL_TLS_1_2 | SHEATH_PROTOCOL_TLS_1_3)
#define SHEATH_PROTOCOLS_ALL	(SHEATH_PROTOCOLS_DEFAULT | SHEATH_PROTOCOL_TLS_1_0 | \
				 SHEATH_PROTOCOL_TLS_1_1)

/* Bytes of the key that seals session tickets. */
#define SHEATH_TICKET_KEY_LEN	64

/**
 * sheath_error() - why the last call of this thread failed
 *
 * Return: one line of text without a newline, "" when nothing failed yet. It is valid until
 * this thread calls libsheath again.
 */
const char *sheath_error(void);

/**
 * sheath_available() - can the kernel take sessions over?
 * @features: set to SHEATH_FEATURE_* of <linux/sheath_nl.h> joined by |, 0 if they cannot be
 *	asked for; NULL: not wanted, which is cheaper
 *
 * It needs no privilege. Where it says no a program can do TLS by itself:
 *
 *	fd = connect_to(host, port);
 *	if (sheath_available(NULL))
 *		hs = sheath_client(fd, host, cfg);
 *	else
 *		gnutls_transport_set_int(session, fd);
 *
 * The module may be unloaded between this call and the handshake. sheath_handshake() attaches
 * to the socket before it sends or receives a byte; if there is no module, it fails and leaves
 * the connection as it was: sheath_available() then says no as well.
 *
 * Return: 1, or 0 with the reason in sheath_error(). Only a yes is remembered.
 */
int sheath_available(uint64_t *features);

/*
 * Configuration. Verification of the peer's certificate and name is on; a client trusts
 * the system's certificate authorities.
 */

/**
 * sheath_config_new() - a configuration with the defaults
 *
 * Return: the configuration, to be given to sheath_config_free(); NULL on error.
 */
struct sheath_config *sheath_config_new(void);

/**
 * sheath_config_free() - drop the caller's reference
 * @cfg: configuration or NULL. Handshakes that still use it keep it alive.
 */
void sheath_config_free(struct sheath_config *cfg);

/**
 * sheath_config_set_ca_file() - trust these authorities instead of the system's
 * @cfg: configuration
 * @path: PEM file with one or more certificates. May be called more than once. Clients and
 *	servers of @cfg trust them. A server never trusts those of the system.
 */
int sheath_config_set_ca_file(struct sheath_config *cfg, const char *path);

/**
 * sheath_config_set_keypair_file() - present this certificate
 * @cfg: configuration
 * @cert: PEM file with the chain, the own certificate first
 * @key: PEM file with its private key, not encrypted
 *
 * May be called more than once: a server chooses by the name that the client asked for, without
 * regard to case, a certificate of that very name before a wildcard, and then by signature
 * algorithms. A client presents one when the server asks.
 */
int sheath_config_set_keypair_file(struct sheath_config *cfg, const char *cert,
				   const char *key);

/**
 * sheath_config_set_keypair_mem() - sheath_config_set_keypair_file() from memory
 * @cfg: configuration
 * @cert: PEM text of the chain
 * @cert_len: its bytes
 * @key: PEM text of the private key; the caller wipes it
 * @key_len: its bytes
 */
int sheath_config_set_keypair_mem(struct sheath_config *cfg,
				  const void *cert, size_t cert_len,
				  const void *key, size_t key_len);

/**
 * sheath_config_set_alpn() - application protocols
 * @cfg: configuration
 * @protocols: names separated by commas, best first, as "h2,http/1.1"; "" for none. A
 *	server refuses a client that offers protocols but none of these.
 */
int sheath_config_set_alpn(struct sheath_config *cfg, const char *protocols);

/**
 * sheath_config_set_protocols() - TLS versions
 * @cfg: configuration
 * @protocols: SHEATH_PROTOCOL_* joined by |. By default they are SHEATH_PROTOCOLS_DEFAULT,
 *	and those of TLS 1.0 and 1.1 that the priority string asks for by name.
 */
int sheath_config_set_protocols(struct sheath_config *cfg, uint32_t protocols);

/**
 * sheath_config_set_priority() - choose algorithms with a GnuTLS priority string
 * @cfg: configuration
 * @priority: as gnutls_priority_init() takes it. Versions and ciphers the kernel module
 *	does not speak are taken out of it; it is an error if nothing is left. Without one
 *	only AEAD suites are negotiated, with a key exchange that has forward secrecy, without
 *	SHA-1 in signatures and RSA keys below 2048 bits (RFC 9325), X25519 first; with it
 *	whatever it has: RSA key exchange and CBC suites, too, as in "NORMAL", and TLS 1.0
 *	or 1.1 if it has "+VERS-TLS1.0" or "+VERS-TLS1.1" in it. "%NO_ETM" has the MAC
 *	before encryption.
 */
int sheath_config_set_priority(struct sheath_config *cfg, const char *priority);

/**
 * sheath_config_add_psk() - a pre-shared key
 * @cfg: configuration
 * @identity: text that names the key to the peer
 * @key: the key, copied
 * @key_len: its bytes, 1 to 256
 *
 * A server takes any number of them, a client uses the first. Unless a priority string was
 * set, the key exchanges of PSK with (EC)DHE are then allowed beside those with certificates.
 */
int sheath_config_add_psk(struct sheath_config *cfg, const char *identity,
			  const void *key, size_t key_len);

/**
 * sheath_config_insecure_noverifycert() - accept any certificate
 * @cfg: configuration. The verdict is still there to be read with sheath_peer_verdict().
 */
void sheath_config_insecure_noverifycert(struct sheath_config *cfg);

/**
 * sheath_config_insecure_noverifyname() - accept a valid certificate of any name
 * @cfg: configuration
 */
void sheath_config_insecure_noverifyname(struct sheath_config *cfg);

/**
 * sheath_config_verify_client() - a server requires a certificate of its clients
 * @cfg: configuration. Set the authorities with sheath_config_set_ca_file(). A client that has
 *	proved a pre-shared key of @cfg needs no certificate beside it.
 */
void sheath_config_verify_client(struct sheath_config *cfg);

/**
 * sheath_config_verify_client_optional() - a server asks for a certificate
 * @cfg: configuration. A client may have none, but a bad one is refused.
 */
void sheath_config_verify_client_optional(struct sheath_config *cfg);

/**
 * sheath_config_set_ticket_key() - key of a server's session tickets
 * @cfg: configuration
 * @key: SHEATH_TICKET_KEY_LEN secret bytes, copied; servers that share it resume each
 *	other's sessions. The default is a random key of this configuration. Set it before the
 *	first handshake: to change it in a server that runs, make a new configuration. GnuTLS
 *	derives from it keys that change every few hours, past ones as well, so who learns it
 *	can read old tickets.
 * @len: SHEATH_TICKET_KEY_LEN
 */
int sheath_config_set_ticket_key(struct sheath_config *cfg, const void *key, size_t len);

/**
 * sheath_config_no_tickets() - neither send session tickets nor ask for them
 * @cfg: configuration
 */
void sheath_config_no_tickets(struct sheath_config *cfg);

/**
 * sheath_config_set_session_cache() - let TLS 1.2 clients resume by session id
 * @cfg: configuration of a server
 * @entries: sessions kept in memory, the oldest makes room; 0 turns the cache off again
 */
int sheath_config_set_session_cache(struct sheath_config *cfg, unsigned int entries);

/**
 * sheath_config_want_tickets() - a TLS 1.3 client waits for a session ticket at once
 * @cfg: configuration
 * @wait_ms: milliseconds to wait for the first ticket after the handshake, 0: do not wait
 *	(the default)
 *
 * Servers send the tickets of TLS 1.3 after the handshake. The kernel keeps those that come
 * when it has the keys, until sheath_get_session() fetches them. With this a handshake ends
 * only when a ticket came, when something else came first, or when the time is over; none of
 * them is an error. It is for clients that do not keep the handshake until the connection
 * ends. Data of the application is never consumed by the wait. TLS 1.2 does not need it.
 */
void sheath_config_want_tickets(struct sheath_config *cfg, unsigned int wait_ms);

/*
 * The handshake.
 */

/**
 * sheath_client() - prepare a handshake as client
 * @fd: connected TCP socket, blocking or not. It stays the caller's and must stay open
 *	until the handshake is over.
 * @name: host name or address literal to verify the certificate against, and to ask for
 *	(SNI) unless it is an address. The brackets and the zone of an IPv6 address, as in
 *	"[fe80::1%eth0]", and a dot at the end are left out. May be NULL when names are
 *	not verified, or when the peer is authenticated by a pre-shared key alone.
 * @cfg: configuration; the handshake holds a reference
 *
 * Return: the handshake, to be given to sheath_hs_free(); NULL on error.
 */
struct sheath_hs *sheath_client(int fd, const char *name, struct sheath_config *cfg);

/**
 * sheath_server() - prepare a handshake as server
 * @fd: see sheath_client()
 * @cfg: configuration with a key pair or a pre-shared key
 *
 * Return: see sheath_client().
 */
struct sheath_hs *sheath_server(int fd, struct sheath_config *cfg);

/**
 * sheath_hs_free() - free a handshake and wipe its secrets
 * @hs: handshake or NULL. The socket is left as it is.
 */
void sheath_hs_free(struct sheath_hs *hs);

/**
 * sheath_handshake() - do as much of the handshake as goes without waiting
 * @hs: handshake
 *
 * Never blocks, whatever the flags of the socket are. Before it returns 0 both keys are
 * in the kernel; from then on the socket is encrypted.
 *
 * Return:
 * * 0				- done
 * * SHEATH_WANT_POLLIN		- call again when the socket is readable
 * * SHEATH_WANT_POLLOUT	- call again when the socket is writable
 * * -1				- failed, the socket was shut down, unless the kernel has
 *				  no module: see sheath_available()
 * After SHEATH_WANT_* call again after sheath_timeout() milliseconds as well.
 */
int sheath_handshake(struct sheath_hs *hs);

/**
 * sheath_timeout() - how long the handshake may be left alone
 * @hs: handshake
 *
 * Return: milliseconds until sheath_handshake() has to be called even if the socket is not
 * ready; -1 if there is no such time. It fits poll(2) and epoll_wait(2).
 */
int sheath_timeout(const struct sheath_hs *hs);

/**
 * sheath_handshake_wait() - the whole handshake
 * @hs: handshake
 * @timeout_ms: milliseconds it may take, -1: any time
 */
int sheath_handshake_wait(struct sheath_hs *hs, int timeout_ms);

/**
 * sheath_set_session() - try to resume this session
 * @hs: handshake of a client that has not begun
 * @data: what sheath_get_session() returned
 * @len: its bytes
 *
 * The session has to be one with the same name and, if a pre-shared key was used in it, of a
 * configuration that has that key. After an error the handshake can go on all the same, without
 * resuming: programs should tell, and do so.
 */
int sheath_set_session(struct sheath_hs *hs, const void *data, size_t len);

/**
 * sheath_get_session() - what a later connection needs to resume this session
 * @hs: handshake of a client that returned 0. As long as its socket is open, also after the
 *	peer has ended the connection, tickets that came since are fetched from the kernel.
 * @data: set to a buffer that holds secrets: free it with sheath_session_free()
 * @len: set to its bytes
 *
 * May be called more than once: the newest ticket counts. A ticket should be used once only,
 * so that connections cannot be told to be of one client (RFC 8446 appendix C.4).
 *
 * Return: 0, or -1 when the session cannot be resumed, which is no fault: the server gave
 * no session id and no ticket, or no ticket came so far.
 */
int sheath_get_session(struct sheath_hs *hs, void **data, size_t *len);

/**
 * sheath_session_free() - wipe and free session data
 * @data: from sheath_get_session(), or NULL
 * @len: its bytes
 */
void sheath_session_free(void *data, size_t len);

/*
 * What was negotiated. To be asked after the handshake; strings live as long as it does.
 */

/** sheath_version() - 0x0303 for TLS 1.2, 0x0304 for TLS 1.3, 0 before it is known */
unsigned int sheath_version(const struct sheath_hs *hs);

/** sheath_suite() - cipher suite as registered with IANA, 0 if unknown */
unsigned int sheath_suite(const struct sheath_hs *hs);

/** sheath_suite_name() - the suite as "TLS_AES_128_GCM_SHA256" */
const char *sheath_suite_name(const struct sheath_hs *hs);

/** sheath_encrypt_then_mac() - is the MAC over ciphertext (RFC 7366)? 0 for AEAD */
int sheath_encrypt_then_mac(const struct sheath_hs *hs);

/** sheath_group() - IANA number of the key exchange group; 0 if there was none */
unsigned int sheath_group(const struct sheath_hs *hs);

/** sheath_group_name() - the group as "X25519"; NULL if there was none */
const char *sheath_group_name(const struct sheath_hs *hs);

/** sheath_kx_name() - the key exchange as "ECDHE-RSA", in TLS 1.3 as "ECDHE" */
const char *sheath_kx_name(const struct sheath_hs *hs);

/** sheath_alpn() - the application protocol, NULL if there is none */
const char *sheath_alpn(const struct sheath_hs *hs);

/** sheath_servername() - the name a client asked for, NULL if none */
const char *sheath_servername(const struct sheath_hs *hs);

/** sheath_psk_identity() - the pre-shared key that was used, NULL if none */
const char *sheath_psk_identity(const struct sheath_hs *hs);

/** sheath_resumed() - 1 if an earlier session was resumed, else 0 */
int sheath_resumed(const struct sheath_hs *hs);

/**
 * sheath_has_secrets() - was the kernel given traffic secrets, or keys alone?
 * @hs: handshake
 *
 * Return: 1 if the kernel changes keys itself and follows the peer when it does (TLS 1.3), 0
 * if it cannot: TLS 1.2, or a module or a GnuTLS that does not know how.
 */
int sheath_has_secrets(const struct sheath_hs *hs);

/**
 * sheath_tickets() - session tickets a client got: 0 or 1 and more
 * @hs: handshake. Those that wait in the kernel count when sheath_get_session() fetched them.
 */
int sheath_tickets(const struct sheath_hs *hs);

/**
 * sheath_sequence() - sequence numbers that were pushed with the keys
 * @hs: handshake
 * @tx: set to that of the first record sent by the kernel
 * @rx: set to that of the first record received by the kernel
 */
void sheath_sequence(const struct sheath_hs *hs, uint64_t *tx, uint64_t *rx);

/** sheath_tx_limit() - bytes of payload the peer takes in a record, 16384 at most */
unsigned int sheath_tx_limit(const struct sheath_hs *hs);

/** sheath_peer_certs() - certificates the peer presented */
unsigned int sheath_peer_certs(const struct sheath_hs *hs);

/**
 * sheath_peer_cert() - one certificate of the peer
 * @hs: handshake
 * @index: 0 is the peer's own, then its issuers
 * @der: set to the encoded certificate
 * @len: set to its bytes
 */
int sheath_peer_cert(const struct sheath_hs *hs, unsigned int index,
		     const unsigned char **der, size_t *len);

/**
 * sheath_peer_status() - result of the verification
 * @hs: handshake
 *
 * Return: 0 if the chain and the name are good; else GNUTLS_CERT_* joined by |. Without a
 * certificate and before the verification it is GNUTLS_CERT_INVALID.
 */
unsigned int sheath_peer_status(const struct sheath_hs *hs);

/** sheath_peer_verdict() - sheath_peer_status() in words */
const char *sheath_peer_verdict(const struct sheath_hs *hs);

/*
 * Sockets.
 */

/* flags of sheath_push_gnutls(): the end of the handshake the session is, if known */
#define SHEATH_PUSH_CLIENT	(1u << 0)
#define SHEATH_PUSH_SERVER	(1u << 1)

/**
 * sheath_push_gnutls() - hand a session the caller made over to the kernel
 * @fd: the TCP socket the session speaks over
 * @session: GnuTLS session, handshake complete, TLS 1.2 or 1.3, with no data waiting in it
 *	either way. It stays the caller's and must not send or receive afterwards.
 * @flags: SHEATH_PUSH_*
 *
 * The caller answers for the record boundary: nothing may have been read from the socket
 * that the session did not consume. A peer's wish for smaller records (RFC 8449) and the
 * traffic secrets of TLS 1.3 cannot be read from a session: after a KeyUpdate of the peer
 * read(2) fails with EKEYEXPIRED. sheath_client() and sheath_server() know both.
 */
int sheath_push_gnutls(int fd, gnutls_session_t session, unsigned int flags);

/**
 * sheath_info() - state of an encrypted socket
 * @fd: socket
 * @info: filled in
 * @size: sizeof(*info). Programs and kernels may know more or fewer members than each other:
 *	those that the kernel does not know are zero.
 */
int sheath_info(int fd, struct sheath_info *info, size_t size);

/**
 * sheath_close_notify() - say that nothing more will be sent
 * @fd: encrypted socket. Unlike shutdown(2) this sends no FIN; reading goes on.
 *
 * Fails with EPIPE where it was said before.
 */
int sheath_close_notify(int fd);

/**
 * sheath_rekey() - change the sending key (TLS 1.3)
 * @fd: encrypted socket whose kernel has the traffic secrets, see sheath_has_secrets()
 * @flags: 0, or SHEATH_REKEY_PEER: ask the peer to change its key, too
 *
 * It never waits: while TCP has no room, the change is made before the next data. The kernel
 * changes the key by itself before it is used up.
 */
int sheath_rekey(int fd, unsigned int flags);

#ifdef __cplusplus
}
#endif

#endif /* LIBSHEATH_H */
