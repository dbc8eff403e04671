//! The `aws-chunked` framing that S3 clients put around a streamed body.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>.

use http::{HeaderMap, HeaderValue};

use super::refusal::Refusal;

/// The body without its framing, if it has one; trailers become headers and `aws-chunked` leaves `content-encoding`.
pub(crate) fn dechunk(headers: &mut HeaderMap, body: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let encodings: Vec<String> = text("content-encoding").split(',').map(|e| e.trim().to_owned()).collect();
    let framed = encodings.iter().any(|e| e == "aws-chunked") || text("x-amz-content-sha256").starts_with("STREAMING-");
    if !framed {
        return Ok(body);
    }
    let (decoded, trailers) = decode(&body).ok_or(Refusal::IncompleteBody)?;
    if let Ok(length) = text("x-amz-decoded-content-length").parse::<usize>()
        && length != decoded.len()
    {
        return Err(Refusal::IncompleteBody);
    }
    let rest: Vec<&str> =
        encodings.iter().map(String::as_str).filter(|e| !e.is_empty() && *e != "aws-chunked").collect();
    let rest = rest.join(",");
    headers.remove("content-encoding");
    if let (false, Ok(value)) = (rest.is_empty(), HeaderValue::from_str(&rest)) {
        headers.insert("content-encoding", value);
    }
    for (name, value) in trailers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    Ok(decoded)
}

type Trailers = Vec<(String, String)>;

/// Each chunk is `size-in-hex[;chunk-signature=…]`, CRLF, the bytes, CRLF; a chunk of size 0 ends the data, and
/// trailers may follow.
fn decode(body: &[u8]) -> Option<(Vec<u8>, Trailers)> {
    let mut decoded = Vec::with_capacity(body.len());
    let mut rest = body;
    loop {
        let (line, after) = line(rest)?;
        let size = line.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some((decoded, trailers(after)));
        }
        decoded.extend_from_slice(after.get(..size)?);
        rest = after.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|w| w == b"\r\n")?;
    Some((std::str::from_utf8(bytes.get(..end)?).ok()?, bytes.get(end + 2..)?))
}

fn trailers(mut bytes: &[u8]) -> Trailers {
    let mut found = Trailers::new();
    while let Some((text, after)) = line(bytes) {
        if let Some((name, value)) = text.split_once(':') {
            found.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        bytes = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{Refusal, dechunk};

    fn headers(length: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("content-encoding", "gzip, aws-chunked".parse().unwrap());
        headers.insert("x-amz-decoded-content-length", length.parse().unwrap());
        headers
    }

    #[test]
    fn takes_the_framing_off() {
        let mut headers = headers("8");
        let body = b"5\r\nhello\r\n3;chunk-signature=ab\r\n\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n".to_vec();
        assert_eq!(dechunk(&mut headers, body).unwrap(), b"hello\r\n!");
        assert_eq!(headers.get("content-encoding").unwrap(), "gzip");
        assert_eq!(headers.get("x-amz-checksum-crc32").unwrap(), "AAAA");
    }

    #[test]
    fn refuses_what_is_cut_short() {
        for body in ["", "5\r\nhel", "zz\r\n", "5\r\nhello\r\n", "3\r\nabc\r\n0\r\n\r\n"] {
            assert_eq!(dechunk(&mut headers("5"), body.as_bytes().to_vec()), Err(Refusal::IncompleteBody), "{body}");
        }
    }
}
