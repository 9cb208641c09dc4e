# SPDX-License-Identifier: ISC
# A TLS side for the test's Postfix: `load postfix`, then `load tls`.
#
#   tls_port        after need_postfix: adds a port that speaks TLS from the first octet on, TLS_PORT,
#                   with a certificate of the test's own for mta.example.org, $CERT
#   TLS_SETTINGS    for postfix_up: STARTTLS at the plain port
#   tls_client [PORT [OPTION…]]   sets CLIENT to a command that reaches it, and checks whose it is

tls_port()
{
	need openssl
	CERT=$PF/cert.pem
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mta.example.org \
		-addext subjectAltName=DNS:mta.example.org -keyout "$PF/key.pem" -out "$CERT" 2>"$PF/openssl.log" ||
		{ cat "$PF/openssl.log"; return 1; }
	TLS_PORT=$(free_port)
	cat >>"$PF/etc/master.cf" <<-EOF
	127.0.0.1:$TLS_PORT inet n - n - 50 smtpd
	  -o smtpd_tls_wrappermode=yes
	tlsmgr unix - - n 1000? 1 tlsmgr
	EOF
	TLS_SETTINGS=("smtpd_tls_cert_file = $CERT" "smtpd_tls_key_file = $PF/key.pem"
		'smtpd_tls_security_level = may')
}

# shellcheck disable=SC2034
tls_client()
{
	CLIENT=(openssl s_client -quiet -CAfile "$CERT" -verify_return_error -verify_hostname mta.example.org
		-connect "127.0.0.1:${1:-$TLS_PORT}" "${@:2}")
}
