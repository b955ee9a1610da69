// Package docs holds the documentation and the tests that keep it true: what is
// derived from the code is compared with it, and links and paths must exist.
package docs
