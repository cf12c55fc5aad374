//! Clients of stores: where they are and who asks is in the environment variables that every tool reads, of S3 in a profile, too.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::{
    BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig, StaticCredentialProvider,
};

use super::address::{Address, Scheme};
use super::aws;
use super::failure::Failure;

/// How long is waited: for a connection; for the next bytes; for one request in all, which is for 8 MiB at most. The environment may say
/// otherwise: `AWS_READ_TIMEOUT`.
const TIMEOUTS: [(ClientConfigKey, &str, &str); 3] = [
    (ClientConfigKey::ConnectTimeout, "CONNECT_TIMEOUT", "5 seconds"),
    (ClientConfigKey::ReadTimeout, "READ_TIMEOUT", "30 seconds"),
    (ClientConfigKey::Timeout, "TIMEOUT", "5 minutes"),
];

/// Of one request: the first try and three more, begun within half a minute.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: 3,
        retry_timeout: Duration::from_secs(30),
    }
}

/// The timeouts that the environment leaves as they are here, where its variables begin with `prefix`.
fn timeouts(prefix: &str) -> impl Iterator<Item = (ClientConfigKey, &'static str)> {
    let is_left = move |name: &str| std::env::var_os(format!("{prefix}_{name}")).is_none();
    let left = TIMEOUTS.into_iter().filter(move |(_, name, _)| is_left(name));
    left.map(|(key, _, time)| (key, time))
}

/// The client for the objects in the bucket of `address`.
pub(super) fn client(address: &Address) -> Result<Box<dyn ObjectStore>, Failure> {
    // The TLS of this process, unless the caller chose one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let bucket = &address.bucket;
    Ok(match address.scheme {
        Scheme::S3 => {
            let of_profile = of_profile()?.with_bucket_name(bucket);
            let builder = timeouts("AWS").fold(of_profile, |builder, (key, time)| {
                builder.with_config(AmazonS3ConfigKey::Client(key), time)
            });
            Box::new(builder.with_retry(retries()).build()?)
        }
        Scheme::Google => {
            let of_environment = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket);
            let builder = timeouts("GOOGLE").fold(of_environment, |builder, (key, time)| {
                builder.with_config(GoogleConfigKey::Client(key), time)
            });
            Box::new(builder.with_retry(retries()).build()?)
        }
        Scheme::Azure => {
            let of_environment = MicrosoftAzureBuilder::from_env().with_container_name(bucket);
            let builder = timeouts("AZURE").fold(of_environment, |builder, (key, time)| {
                builder.with_config(AzureConfigKey::Client(key), time)
            });
            Box::new(builder.with_retry(retries()).build()?)
        }
        Scheme::Http { tls } => {
            let of_address = HttpBuilder::new().with_url(&address.root);
            let builder = timeouts("HTTP")
                .fold(of_address, |builder, (key, time)| builder.with_config(key, time))
                .with_config(ClientConfigKey::AllowHttp, (!tls).to_string());
            Box::new(builder.with_retry(retries()).build()?)
        }
    })
}

/// The environment, and beside it a profile.
fn of_profile() -> Result<AmazonS3Builder, Failure> {
    let settings = aws::of_this_process()
        .map_err(|reason| Failure::Told(ErrorKind::PermissionDenied, reason))?;
    let mut builder = AmazonS3Builder::from_env();
    for (key, value) in settings.others {
        builder = builder.with_config(key, value);
    }
    Ok(match settings.keys {
        Some(keys) => builder.with_credentials(Arc::new(StaticCredentialProvider::new(keys))),
        None => builder,
    })
}
