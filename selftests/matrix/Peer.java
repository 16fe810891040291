// SPDX-License-Identifier: GPL-2.0
/*
 * JSSE as a peer: "Peer server PORT P12" echoes one connection after the other; "Peer client
 * PORT" sends standard input and prints what comes back.
 */
import java.io.*;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.*;

public class Peer {
	static class TrustAll extends X509ExtendedTrustManager {
		public void checkClientTrusted(X509Certificate[] c, String a) { }
		public void checkServerTrusted(X509Certificate[] c, String a) { }
		public void checkClientTrusted(X509Certificate[] c, String a, java.net.Socket s) { }
		public void checkServerTrusted(X509Certificate[] c, String a, java.net.Socket s) { }
		public void checkClientTrusted(X509Certificate[] c, String a, SSLEngine e) { }
		public void checkServerTrusted(X509Certificate[] c, String a, SSLEngine e) { }
		public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
	}

	static void pump(InputStream in, OutputStream out) throws IOException {
		byte[] buf = new byte[30000];

		for (int n; (n = in.read(buf)) > 0; ) {
			out.write(buf, 0, n);
			out.flush();
		}
	}

	/* all, but no hello in the format of SSL 2.0 */
	static String[] versions(String[] all) {
		return java.util.Arrays.stream(all).filter(v -> !v.equals("SSLv2Hello"))
			.toArray(String[]::new);
	}

	static void server(SSLContext ctx, int port) throws Exception {
		SSLServerSocketFactory f = ctx.getServerSocketFactory();
		SSLServerSocket l = (SSLServerSocket)f.createServerSocket(port);

		l.setEnabledProtocols(versions(l.getSupportedProtocols()));
		l.setEnabledCipherSuites(f.getSupportedCipherSuites());
		for (;;) {
			try (SSLSocket s = (SSLSocket)l.accept()) {
				pump(s.getInputStream(), s.getOutputStream());
			} catch (IOException e) {
				System.err.println(e);
			}
		}
	}

	static void client(SSLContext ctx, int port) throws Exception {
		SSLSocketFactory f = ctx.getSocketFactory();
		SSLSocket s = (SSLSocket)f.createSocket("localhost", port);

		s.setEnabledProtocols(versions(s.getSupportedProtocols()));
		s.setEnabledCipherSuites(f.getSupportedCipherSuites());
		s.startHandshake();
		Thread t = new Thread(() -> {
			try {
				pump(System.in, s.getOutputStream());
			} catch (IOException e) {
				System.err.println(e);
			}
		});
		t.setDaemon(true);
		t.start();
		pump(s.getInputStream(), System.out);
		System.exit(0);
	}

	public static void main(String[] args) throws Exception {
		SSLContext ctx = SSLContext.getInstance("TLS");
		KeyManager[] keys = null;
		int port = Integer.parseInt(args[1]);

		if (args[0].equals("server")) {
			KeyStore store = KeyStore.getInstance("PKCS12");
			KeyManagerFactory kmf = KeyManagerFactory.getInstance("SunX509");

			store.load(new FileInputStream(args[2]), "secret".toCharArray());
			kmf.init(store, "secret".toCharArray());
			keys = kmf.getKeyManagers();
		}
		ctx.init(keys, new TrustManager[] { new TrustAll() }, null);
		if (args[0].equals("server"))
			server(ctx, port);
		else
			client(ctx, port);
	}
}
