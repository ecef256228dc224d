//! An object store in memory that notes what is put and fails when told to.

use async_trait::async_trait;
use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Clones share everything.
#[derive(Clone, Debug, Default)]
pub struct Objects(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    objects: InMemory,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    puts: Vec<String>,
    /// Puts that are taken before the others fail.
    left: Option<usize>,
}

impl Objects {
    pub async fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let objects = &self.0.objects;
        let listed: Vec<ObjectMeta> = objects.list(None).try_collect().await.unwrap();
        let mut contents = BTreeMap::new();
        for object in listed {
            let content = objects.get(&object.location).await.unwrap().bytes().await.unwrap();
            contents.insert(object.location.to_string(), content.to_vec());
        }
        contents
    }

    /// What was put since the last time, in order.
    pub fn take_puts(&self) -> Vec<String> {
        std::mem::take(&mut self.0.noted.lock().unwrap().puts)
    }

    /// From here on so many puts are taken; `None`: all.
    pub fn fail_after(&self, left: Option<usize>) {
        self.0.noted.lock().unwrap().left = left;
    }
}

impl std::fmt::Display for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("memory")
    }
}

#[async_trait]
impl ObjectStore for Objects {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        {
            let mut noted = self.0.noted.lock().unwrap();
            if let Some(left) = noted.left {
                let Some(left) = left.checked_sub(1) else {
                    return Err(Error::Generic { store: "memory", source: "told to fail".into() });
                };
                noted.left = Some(left);
            }
            noted.puts.push(location.to_string());
        }
        self.0.objects.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.objects.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.objects.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.0.objects.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.objects.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.objects.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.objects.copy_opts(from, to, options).await
    }
}
