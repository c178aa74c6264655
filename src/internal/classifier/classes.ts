/** The classes of the 17 by their tags. */
import {
  ApiAuth,
  ApiFormat,
  ApiPermission,
  ApiRateLimit,
  DataEmpty,
  DataIntegrity,
  DataTransformation,
  DataValidation,
  Internal,
  NetworkConnection,
  NetworkDns,
  NetworkTimeout,
  StoragePermission,
  StorageRead,
  StorageSpace,
  StorageWrite,
  Unexpected
} from "../../FetchError.js"

export const classes = {
  NetworkTimeout,
  NetworkConnection,
  NetworkDns,
  ApiRateLimit,
  ApiAuth,
  ApiPermission,
  ApiFormat,
  DataEmpty,
  DataValidation,
  DataIntegrity,
  DataTransformation,
  StorageRead,
  StorageWrite,
  StorageSpace,
  StoragePermission,
  Unexpected,
  Internal
}
